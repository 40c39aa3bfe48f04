// Puts the page's words in place of the few that Gradio says in English whatever the language.
(words) => {
	const translate = (text) => {
		const said = text.trim();
		const english = Object.keys(words).find(
			(known) => said === known || (known.endsWith("*") && said.startsWith(known.slice(0, -1))),
		);
		return english === undefined || words[english] === said ? null : words[english];
	};
	const visit = (node) => {
		if (node.nodeType === Node.TEXT_NODE) {
			const own = node.parentElement?.closest("#answer, #head, #foot, script, style") === null;
			const text = own ? translate(node.data) : null;
			if (text !== null) node.data = text;
			return;
		}
		for (const name of ["aria-label", "title"]) {
			const text = node.getAttribute?.(name) ? translate(node.getAttribute(name)) : null;
			if (text !== null) node.setAttribute(name, text);
		}
		node.childNodes.forEach(visit);
	};
	const observer = new MutationObserver((changes) => {
		for (const change of changes) {
			if (change.type === "childList") change.addedNodes.forEach(visit);
			else visit(change.target);
		}
	});
	observer.observe(document.body, {
		subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["aria-label", "title"],
	});
	visit(document.body);
}
