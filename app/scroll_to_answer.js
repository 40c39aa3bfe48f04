() => {
	const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
	document.querySelector("#answer")?.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
}
