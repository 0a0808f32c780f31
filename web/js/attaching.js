// The door to files: what sends, shows and plays them is loaded when somebody has one.

import { names } from "./store.js";

const DRAW_AGAIN_AFTER = 5_000;

export function attaching(timeline, conversation) {
  let loading;
  const load = () =>
    (loading ??= import("./files.js").then(
      ({ Files }) => new Files(timeline, conversation),
      (error) => ((loading = undefined), Promise.reject(error)), // without it files still go with the form
    ));
  const canWrite = () => document.querySelector("message-composer [name=files]");
  const pick = (picked, input) => {
    const composer = document.querySelector("message-composer");
    const list = [...picked];
    composer.picking = load()
      .then((files) => files.pick(list))
      .then(() => input && (Object.assign(input, { value: "" }), delete input.parentElement.dataset.count))
      .catch(() => {}) // it is still where it was picked
      .finally(() => delete composer.picking);
  };

  const draw = (detail) =>
    load().then((files) => files.draw(detail), () => setTimeout(draw, DRAW_AGAIN_AFTER, detail));
  addEventListener("files", ({ detail }) => draw(detail));
  document.addEventListener("change", ({ target }) => target.name === "files" && target.files.length && pick(target.files, target));
  document.addEventListener("change", ({ target }) => target.matches(".camera input") && target.files.length && handOver(target));
  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    if (!files.length || types.includes("text/plain") || !canWrite()) return;
    event.preventDefault();
    pick(files);
  });
  document.addEventListener("dragover", (event) => canWrite() && event.dataTransfer.types.includes("Files") && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length || !canWrite()) return;
    event.preventDefault();
    pick(event.dataTransfer.files);
  });
  document.addEventListener("click", (event) => {
    const picture = event.target.closest(".picture");
    if (!picture || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    load().then((files) => files.look(picture));
  });
  if (globalThis.MediaRecorder && navigator.mediaDevices) document.documentElement.dataset.voice = "yes";
  const record = (button, released) => button && load().then((files) => files.record(button, released)).catch(() => {});
  document.addEventListener("pointerdown", ({ target, button, pointerId }) => {
    const voice = !button && target.closest(".voice");
    if (!voice) return;
    voice.setPointerCapture(pointerId);
    record(voice, new Promise((resolve) => voice.addEventListener("lostpointercapture", resolve, { once: true })));
  });
  document.addEventListener("click", ({ target, detail }) => detail || record(target.closest(".voice"))); // by the keyboard
  if (timeline.querySelector("[data-waveform]")) load();
  if (names("ccr:parcel").length) load(); // an earlier visit left some on their way
}

/** What the camera took goes where what is picked goes: without the part that sends files, with the form. */
function handOver(camera) {
  const { files } = camera.form.elements;
  const taken = new DataTransfer();
  for (const file of camera.files) taken.items.add(file);
  files.files = taken.files;
  camera.value = "";
  files.dispatchEvent(new Event("change", { bubbles: true }));
}
