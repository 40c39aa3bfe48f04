// Says the place in line of a photo whose upload waits for its turn.
(words) => {
	const line = document.createElement("p");
	line.id = "waiting-line";
	line.hidden = true;
	line.setAttribute("aria-live", "polite"); // The one status of the page is what `page.js` says.
	document.querySelector("#photo")?.after(line);

	const fetched = window.fetch;
	const tell = async (upload, answer) => {
		let isDone = false;
		answer.catch(() => {}).finally(() => { isDone = true; });
		const asked = new URL(upload);
		asked.pathname = asked.pathname.replace(/upload$/, "waiting");
		while (true) {
			await new Promise((resolve) => setTimeout(resolve, 1000));
			if (isDone) break;
			// What cannot be asked is not told; the upload goes on all the same.
			const { place } = await fetched(asked).then((told) => told.json()).catch(() => ({ place: 0 }));
			line.textContent = words.waiting_in_line.replace("{place}", place);
			line.hidden = !place || isDone;
		}
		line.hidden = true;
	};
	window.fetch = (input, options) => {
		const answer = fetched(input, options);
		const address = new URL(input?.url ?? input, document.baseURI);
		const isUpload = address.pathname.endsWith("/gradio_api/upload") && address.searchParams.has("upload_id");
		if (isUpload) tell(address, answer);
		return answer;
	};
}
