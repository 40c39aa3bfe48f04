() => {
	const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
	const answer = document.querySelector("#answer");
	answer?.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
	// A screen reader goes on from here, and a keyboard too.
	const heading = answer?.querySelector("h2, .waiting");
	if (heading) heading.tabIndex = -1;
	heading?.focus({ preventScroll: true });
	const status = document.querySelector("#status");
	if (status) status.textContent = "";
}
