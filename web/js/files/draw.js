// Files of a message from the page's own templates, which come with the first file: ccr/site/timeline_files.py and
// web/templates/files.html draw the same.

let coming;

/** Their elements, in order. */
export async function draw(attachments) {
  await parts();
  return attachments.map(drawOne);
}

/** The templates and how files look, once. */
export function parts() {
  coming ??= fetchParts().catch((error) => ((coming = undefined), Promise.reject(error)));
  return coming;
}

async function fetchParts() {
  const answer = await fetch("/parts/files");
  if (!answer.ok) throw new Error(answer.statusText);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.body.append(...fresh.querySelectorAll("template"));
  const style = fresh.querySelector("link");
  if (document.querySelector(`link[href="${style.getAttribute("href")}"]`)) return;
  await new Promise((resolve) => {
    style.onload = style.onerror = resolve;
    document.head.append(style);
  });
}

const KINDS = { image: "picture", audio: "sound", video: "film" };

function drawOne(file) {
  const kind = KINDS[file.media_type.split("/")[0]] ?? "file";
  const item = document.getElementById(`t-${kind}`).content.firstElementChild.cloneNode(true);
  const at = `/api/v1/attachments/${file.id}`;
  if (item.localName === "a") item.setAttribute("href", at);
  item.querySelector("audio, video")?.setAttribute("src", at);
  const image = item.querySelector("img");
  if (image) Object.assign(image, { src: `${at}/preview`, width: file.width, height: file.height, alt: file.name });
  const name = item.querySelector(".name");
  if (name) name.textContent = file.name;
  const size = item.querySelector(".size");
  if (size) size.textContent = sizeInWords(file.bytes);
  if (kind === "sound") {
    if (file.duration_ms) item.dataset.duration = file.duration_ms;
    if (file.waveform) item.dataset.waveform = file.waveform;
  }
  return item;
}

/** Bytes as people write them: `340 kB`, `1.2 MB`. */
export function sizeInWords(bytes) {
  if (bytes < 999_500) return `${Math.max(1, Math.floor((bytes + 500) / 1_000))} kB`;
  const tenths = Math.floor((bytes + 50_000) / 100_000);
  return `${Math.floor(tenths / 10)}.${tenths % 10} MB`;
}
