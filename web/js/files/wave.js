// What a voice note looks like: as many bars as fit beside each other, each as high as it is loud there.

export const BARS = 32;
const HIGHEST = 35; // one digit in base 36

/** At most `BARS` numbers from 0 to `HIGHEST`, which is the loudest; a silence stays low. */
export function peaks(levels) {
  const count = Math.min(BARS, levels.length);
  const loudest = Math.max(...levels, 0.01);
  return Array.from({ length: count }, (_, n) => {
    const part = levels.slice(Math.floor((n * levels.length) / count), Math.floor(((n + 1) * levels.length) / count));
    return Math.round((HIGHEST * Math.max(...part)) / loudest);
  });
}

export function bar(peak) {
  const made = document.createElement("i");
  made.style.height = `${15 + (85 * peak) / HIGHEST}%`;
  return made;
}

export function inMinutes(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
