"use strict";
// Filters and the larger view. Without this script everything is on the page all the same.
const groups = [...document.querySelectorAll(".group")];
const photos = [...document.querySelectorAll(".photos > li")];
const field = (id) => document.getElementById(id);
const filters = field("filters");
const dialog = document.querySelector("dialog");

function matches(photo) {
	const least = Number(field("least").value) / 100;
	const [answer, error, name] = [field("answer").value, field("error").value, field("name").value.toLowerCase()];
	return (
		(!answer || photo.closest(".group").id === answer) &&
		(!error || photo.dataset.error === error) &&
		// Photos without a probability are only out of the way when one is asked for.
		(least === 0 || Number(photo.dataset.p ?? -1) >= least) &&
		(!name || photo.dataset.name.toLowerCase().includes(name))
	);
}

function filter() {
	let shown = 0;
	for (const photo of photos) {
		photo.hidden = !matches(photo);
		shown += !photo.hidden;
	}
	for (const group of groups) group.hidden = !group.querySelector(".photos > li:not([hidden])");
	field("shown").textContent = filters.dataset.shown.replace("{shown}", shown).replace("{all}", photos.length);
	field("least-said").textContent = `${field("least").value} %`;
	document.body.classList.toggle("evidence", field("evidence").checked);
}

function open(photo) {
	const pictures = document.createElement("div");
	pictures.className = "pictures";
	pictures.append(...[...photo.querySelectorAll("img")].map((picture) => picture.cloneNode()));
	const shares = JSON.parse(photo.dataset.shares ?? "[]").map(([name, percent, share]) => {
		const [item, said, number, bar] = ["li", "span", "b", "i"].map((tag) => document.createElement(tag));
		[said.textContent, number.textContent, bar.style.width] = [name, percent, `${100 * share}%`];
		item.append(said, number, bar);
		return item;
	});
	const list = document.createElement("ul");
	list.className = "shares";
	list.append(...shares);
	const title = document.createElement("h2");
	title.textContent = photo.dataset.name;
	const said = [...photo.querySelectorAll("ul")].map((part) => part.cloneNode(true));
	const words = photo.closest(".group").querySelector(".words").cloneNode(true);
	dialog.querySelector("div").replaceChildren(title, pictures, ...said, words, list);
	dialog.className = photo.closest(".group").dataset.mood;
	dialog.showModal();
	dialog.scrollTop = 0;
}

filters.hidden = false;
filters.addEventListener("input", filter);
document.addEventListener("click", (event) => {
	const photo = event.target.closest(".photos > li");
	if (photo && event.target.closest("button")) open(photo);
	if (event.target === dialog || event.target.closest("dialog > button")) dialog.close();
});
filter();
