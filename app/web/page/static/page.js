// What the answer's own buttons do, and what a screen reader is told meanwhile.
(words) => {
	const status = document.createElement("p");
	status.id = "status";
	status.setAttribute("role", "status");
	(document.querySelector("main") ?? document.body).append(status);

	document.addEventListener("input", ({ target }) => {
		if (target.matches(".opacity input")) {
			target.closest("figure").style.setProperty("--strength", String(target.value / 100));
		}
	});
	document.addEventListener("click", ({ target }) => {
		const button = target.closest("button");
		if (button?.matches("#look")) status.textContent = words.looking;
		if (button?.matches("#answer .again")) document.querySelector("#start-over").click();
		if (button?.matches("#answer .print")) window.print();
	});

	// Paper cannot be unfolded. The photo goes on it only if the person asked.
	const opened = [];
	window.addEventListener("beforeprint", () => {
		const answer = document.querySelector("#answer");
		answer.toggleAttribute("data-photo", answer.querySelector(".print-photo")?.checked ?? false);
		const folded = [...document.querySelectorAll("#answer details:not([open])")];
		for (const fold of folded) fold.open = true;
		opened.push(...folded);
		for (const day of document.querySelectorAll("#answer .printed")) {
			day.textContent = new Date().toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
		}
	});
	window.addEventListener("afterprint", () => {
		for (const fold of opened.splice(0)) fold.open = false;
	});
}
