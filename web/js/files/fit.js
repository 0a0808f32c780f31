// Pictures are made smaller before they go over a slow line, and what only Apple's devices take apart becomes a JPEG there.

const SIDE = 1_600;
const LARGEST_SIDE = 4_096; // of what any browser can draw
const PICTURES = new Set(["image/jpeg", "image/png", "image/webp"]);
const FOREIGN = /^image\/hei[cf]$/;

function isSlow() {
  const { saveData, effectiveType, downlink } = navigator.connection ?? {};
  return saveData || /2g|3g/.test(effectiveType ?? "") || downlink < 1;
}

/** The file, or a smaller one of the same name, or one that everybody can look at. */
export async function fitted(file) {
  try {
    if (FOREIGN.test(file.type)) {
      const made = await drawn(file, isSlow() ? SIDE : LARGEST_SIDE, "image/jpeg", 0.9);
      return made ? new File([made], file.name.replace(/\.hei[cf]$/i, "") + ".jpg", { type: made.type }) : file;
    }
    if (!isSlow() || !PICTURES.has(file.type)) return file;
    const small = await drawn(file, SIDE, file.type, 0.85, true);
    return small && small.size < file.size ? new File([small], file.name, { type: file.type }) : file;
  } catch {
    return file; // what the browser cannot read, the desk will judge
  }
}

/** Nothing where it has the size already and `mustShrink`, or where the browser writes another type than asked. */
async function drawn(file, side, type, quality, mustShrink = false) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  if (mustShrink && scale === 1) return null;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const made = await new Promise((resolve) => canvas.toBlob(resolve, type, quality));
  return made?.type === type ? made : null;
}
