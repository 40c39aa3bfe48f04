// What the answer's own buttons do, and what a screen reader is told meanwhile.
(words) => {
	const status = document.createElement("p");
	status.id = "status";
	status.setAttribute("role", "status");
	(document.querySelector("main") ?? document.body).append(status);

	// The number of the browser's region; 112 where it is unknown, which phones put through in most countries.
	// The page sets `language` to its own; the person's languages stand in `languages`.
	const region = navigator.languages.map((one) => new Intl.Locale(one).region).find(Boolean);
	const number = words.numbers[region] ?? "112";
	const name = () => {
		for (const link of document.querySelectorAll(`a.call:not([href="tel:${number}"])`)) {
			link.href = `tel:${number}`;
			link.textContent = link.dataset.say.replace("{number}", number);
		}
	};
	new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
	name();

	document.addEventListener("input", ({ target }) => {
		if (target.matches(".opacity input")) {
			target.closest("figure").style.setProperty("--strength", String(target.value / 100));
		}
	});
	window.redspotsTold = () => [...document.querySelectorAll("#told input:checked")].map((one) => one.value);
	// After Gradio's own listener, which takes the tick in.
	document.addEventListener("change", ({ target }) => {
		if (target.matches("#red-flags input, #told input") && document.querySelector("#answer article")) {
			setTimeout(() => document.querySelector("#look-again").click());
		}
	});
	document.addEventListener("click", ({ target }) => {
		const button = target.closest("button");
		if (button?.matches("#look")) status.textContent = words.looking;
		if (button?.matches("#answer .again")) document.querySelector("#start-over").click();
		if (button?.matches("#start-over")) {
			for (const answer of document.querySelectorAll("#told input")) answer.checked = false;
		}
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
