// A person frames the spots: by finger, mouse or keyboard. What is framed goes along when the photos are looked at.
(words) => {
	const LEAST = 0.1; // Share of a side.
	const STEP = 0.02;
	const WHOLE = [0, 0, 1, 1];
	const CORNERS = { "upper-left": [0, 0], "upper-right": [1, 0], "lower-left": [0, 1], "lower-right": [1, 1] };
	const crops = new Map(); // The address of a photo -> [left, top, width, height]. A new photo has another address.
	const places = [...document.querySelectorAll(".crop")];
	const shown = (place) => document.querySelector(`#${place.dataset.photo} .image-frame img, #${place.dataset.photo} img`);
	const rounded = (crop) => crop.map((share) => Math.round(share * 1e4) / 1e4);

	// Called when the photos are looked at.
	window.redspotsCrops = () => places.map((place) => crops.get(shown(place)?.src) ?? null);

	const dialog = document.createElement("dialog");
	dialog.id = "crop";
	dialog.setAttribute("aria-labelledby", "crop-title");
	dialog.innerHTML = `<h2 id="crop-title"></h2><p class="hint"></p>
		<div class="stage"><div class="whole-photo"><img alt=""><div class="frame" tabindex="0" role="group"></div></div></div>
		<p class="size" aria-live="polite"></p>
		<div class="actions"><button type="button" class="use"></button><button type="button" class="whole"></button>
		<button type="button" class="cancel"></button></div>`;
	(document.querySelector(".gradio-container") ?? document.body).append(dialog);
	const find = (selector) => dialog.querySelector(selector);
	const [whole, picture, frame] = [find(".whole-photo"), find("img"), find(".frame")];
	find("h2").textContent = words.crop_title;
	find(".hint").textContent = words.crop_hint;
	frame.setAttribute("aria-label", words.crop_frame);
	for (const [kind, key] of [["use", "crop_use"], ["whole", "crop_whole"], ["cancel", "crop_cancel"]]) {
		find(`.${kind}`).textContent = words[key];
	}
	for (const corner of Object.keys(CORNERS)) {
		const handle = document.createElement("button");
		handle.type = "button";
		handle.className = `corner ${corner}`;
		handle.setAttribute("aria-label", words[`crop_${corner.replace("-", "_")}`]);
		handle.dataset.corner = corner;
		frame.append(handle);
	}

	let place = null;
	let crop = [...WHOLE];
	const draw = () => {
		const [left, top, width, height] = crop;
		Object.assign(frame.style, {
			left: `${left * 100}%`, top: `${top * 100}%`, width: `${width * 100}%`, height: `${height * 100}%`,
		});
		find(".size").textContent = words.crop_size
			.replace("{width}", Math.round(width * 100))
			.replace("{height}", Math.round(height * 100));
	};
	const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
	const move = ([left, top, width, height], right, down) => [
		clamp(left + right, 0, 1 - width), clamp(top + down, 0, 1 - height), width, height,
	];
	const resize = ([left, top, width, height], corner, right, down) => {
		const [east, south] = CORNERS[corner];
		const [endX, endY] = [left + width, top + height];
		const newLeft = east ? left : clamp(left + right, 0, endX - LEAST);
		const newTop = south ? top : clamp(top + down, 0, endY - LEAST);
		return [
			newLeft, newTop,
			(east ? clamp(endX + right, left + LEAST, 1) : endX) - newLeft,
			(south ? clamp(endY + down, top + LEAST, 1) : endY) - newTop,
		];
	};
	const change = (corner, from, right, down) => {
		crop = corner ? resize(from, corner, right, down) : move(from, right, down);
		draw();
	};

	frame.addEventListener("pointerdown", (event) => {
		event.preventDefault();
		const corner = event.target.dataset.corner;
		(corner ? event.target : frame).focus();
		frame.setPointerCapture(event.pointerId);
		const from = [...crop];
		const box = whole.getBoundingClientRect();
		const drag = (moved) => change(
			corner, from, (moved.clientX - event.clientX) / box.width, (moved.clientY - event.clientY) / box.height,
		);
		const drop = () => {
			frame.removeEventListener("pointermove", drag);
			frame.removeEventListener("pointerup", drop);
			frame.removeEventListener("pointercancel", drop);
		};
		frame.addEventListener("pointermove", drag);
		frame.addEventListener("pointerup", drop);
		frame.addEventListener("pointercancel", drop);
	});
	frame.addEventListener("keydown", (event) => {
		const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
		if (!way) return;
		event.preventDefault();
		change(event.target.dataset.corner, crop, way[0] * STEP, way[1] * STEP);
	});

	const settle = (chosen) => {
		const photo = shown(place);
		if (chosen && photo) crops.set(photo.src, rounded(chosen));
		else if (photo) crops.delete(photo.src);
		dialog.close();
		tell(place);
		// An answer beside another part than its own would be read wrongly.
		document.querySelector("#crop-changed")?.click();
	};
	find(".use").addEventListener("click", () => settle(crop.every((share, i) => share === WHOLE[i]) ? null : crop));
	find(".whole").addEventListener("click", () => settle(null));
	find(".cancel").addEventListener("click", () => dialog.close());
	dialog.addEventListener("close", () => {
		picture.removeAttribute("src");
		place?.querySelector("button").focus();
	});

	const open = (wanted) => {
		place = wanted;
		const { src } = shown(place);
		crop = [...(crops.get(src) ?? [0.1, 0.1, 0.8, 0.8])];
		// The clean copy with more detail lies beside the one that is shown.
		picture.onerror = () => { picture.onerror = null; picture.src = src; };
		picture.src = src.replace(/photo\.png$/, "detail.jpg");
		dialog.showModal();
		draw();
		frame.focus();
	};
	for (const one of places) one.querySelector("button").addEventListener("click", () => open(one));

	const tell = (one) => {
		const photo = shown(one);
		const chosen = crops.get(photo?.src);
		one.hidden = !photo?.src.endsWith("/photo.png");
		const [note, part] = [one.querySelector("p"), one.querySelector("canvas")];
		note.hidden = part.hidden = !chosen;
		if (!chosen || !photo.complete) return;
		const [left, top, width, height] = chosen;
		const [full, tall] = [photo.naturalWidth, photo.naturalHeight];
		part.height = 72;
		part.width = clamp(Math.round((72 * width * full) / (height * tall)), 24, 200);
		part.getContext("2d").drawImage(
			photo, left * full, top * tall, width * full, height * tall, 0, 0, part.width, part.height,
		);
	};
	const watched = { attributes: true, attributeFilter: ["src"], childList: true, subtree: true };
	new MutationObserver(() => { for (const one of places) tell(one); }).observe(document.querySelector("#ask"), watched);
	for (const one of places) tell(one);
}
