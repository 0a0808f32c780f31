// Pictures are made smaller before they go over a slow line.

const SIDE = 1_600;
const PICTURES = new Set(["image/jpeg", "image/png", "image/webp"]);

function isSlow() {
  const { saveData, effectiveType, downlink } = navigator.connection ?? {};
  return saveData || /2g|3g/.test(effectiveType ?? "") || downlink < 1;
}

/** The file, or a smaller one of the same name. */
export async function fitted(file) {
  if (!isSlow() || !PICTURES.has(file.type)) return file;
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = SIDE / Math.max(bitmap.width, bitmap.height);
    if (scale >= 1) return file;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const small = await new Promise((resolve) => canvas.toBlob(resolve, file.type, 0.85));
    // A browser that cannot write this type writes another.
    return small?.type === file.type && small.size < file.size ? new File([small], file.name, { type: file.type }) : file;
  } catch {
    return file; // what the browser cannot read, the desk will judge
  }
}
