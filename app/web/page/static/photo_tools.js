// Beside each place for a photo: the phone's own camera, why the page's camera does nothing, and how much has been sent.
(words) => {
	const places = [...document.querySelectorAll(".tools")];
	const slotOf = (tools) => document.getElementById(tools.dataset.photo);
	// A finger has a phone or a tablet behind it, with a camera.
	const isTouched = window.matchMedia("(pointer: coarse)").matches;
	// What is put where it stands already would wake the observer below for ever.
	const put = (element, key, value) => {
		if (element[key] !== value) element[key] = value;
	};
	const sending = new Map(); // Each request -> [sent, all] in bytes.

	// Taking a photo: beside Gradio's input, not in its place, because this one offers no photos that were taken before.
	const input = (slot) => slot.querySelector("input[type=file]:not([webkitdirectory])");
	document.addEventListener("change", async ({ target }) => {
		if (!target.matches(".tools .own-camera input") || !target.files.length) return;
		const slot = slotOf(target.closest(".tools"));
		const taken = new DataTransfer();
		taken.items.add(target.files[0]);
		target.value = ""; // The same photo can be taken again.
		if (!input(slot)) slot.querySelector(".source-selection button")?.click(); // The first one uploads.
		while (!input(slot)) await new Promise(requestAnimationFrame);
		input(slot).files = taken.files;
		input(slot).dispatchEvent(new Event("change", { bubbles: true }));
	});

	// Where the address is not secure, browsers give a page neither; Gradio's buttons then end in an error that nobody sees.
	const missing = [
		[words.use_camera, words.no_camera, !navigator.mediaDevices?.getUserMedia],
		[words.paste, words.no_clipboard, !navigator.clipboard?.read],
	];
	const explain = (event) => {
		const button = event.target.closest?.(".source-selection button");
		const tools = places.find((place) => button && slotOf(place)?.contains(button));
		if (!tools) return;
		const found = missing.find(([label, , isMissing]) => isMissing && button.getAttribute("aria-label") === label);
		put(tools.querySelector(".why"), "textContent", found?.[1] ?? "");
		if (!found) return;
		event.preventDefault();
		event.stopPropagation();
	};
	document.addEventListener("click", explain, true);

	// Sending: `fetch` tells nothing while it lasts.
	const send = (address, options) =>
		new Promise((resolve, reject) => {
			const request = new XMLHttpRequest();
			const end = (settle, value) => {
				sending.delete(request);
				settle(value);
				show();
			};
			request.open(options.method, address);
			request.responseType = "blob";
			for (const [name, value] of new Headers(options.headers)) request.setRequestHeader(name, value);
			request.upload.onprogress = ({ loaded, total }) => {
				sending.set(request, [loaded, total]);
				show();
			};
			request.onload = () => {
				const headers = { "content-type": request.getResponseHeader("content-type") ?? "" };
				end(resolve, new Response(request.response, { status: request.status, headers }));
			};
			request.onerror = request.onabort = () => end(reject, new TypeError("Failed to fetch"));
			options.signal?.addEventListener("abort", () => request.abort());
			sending.set(request, [0, 0]);
			request.send(options.body);
			show();
		});
	const fetched = window.fetch.bind(window);
	window.fetch = (address, options) => {
		const isUpload = options?.body instanceof FormData && /\/upload(\?|$)/.test(String(address));
		return isUpload ? send(String(address), options) : fetched(address, options);
	};

	// Pressed early: Gradio remembers it and asks for the answer once the photo is there, but does not say so.
	const early = document.createElement("p");
	early.id = "early";
	early.setAttribute("aria-live", "polite"); // The one status of the page is what `page.js` says.
	document.querySelector("#look").after(early);
	let isPressed = false;
	document.addEventListener("click", ({ target }) => {
		if (target.closest?.("#look")) isPressed = sending.size > 0;
		if (target.closest?.("#start-over")) isPressed = false;
		show();
	});

	const show = () => {
		const [sent, all] = [...sending.values()].reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
		const percent = all ? Math.floor((100 * sent) / all) : 0;
		const said = percent < 100 ? words.sending.replace("{percent}", percent) : words.sent;
		isPressed &&= sending.size > 0;
		put(early, "textContent", isPressed ? words.on_its_way : "");
		for (const tools of places) {
			const [camera, why, line] = [".own-camera", ".why", ".sending"].map((name) => tools.querySelector(name));
			const slot = slotOf(tools);
			const isSending = Boolean(sending.size && slot?.querySelector(".uploading"));
			const isTaken = isSending || Boolean(slot?.querySelector("img"));
			put(line, "hidden", !isSending);
			put(line.querySelector("p"), "textContent", said);
			put(line.querySelector("progress"), "value", percent);
			put(camera, "hidden", !isTouched || !slot || isTaken);
			if (isTaken) put(why, "textContent", "");
			put(tools, "hidden", !isSending && camera.hidden && !why.textContent);
		}
	};
	// Places, photos and Gradio's parts of them come and go.
	new MutationObserver(show).observe(document.querySelector("#ask"), { subtree: true, childList: true });
	show();
}
