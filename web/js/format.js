// Times as people where they are read them. The page is English; the clock is the reader's own (12 or 24 hours).

const language = navigator.languages.find((tag) => tag.startsWith("en")) ?? "en";
const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
const style = (options) => new Intl.DateTimeFormat(language, options);

const clock = style({ hour: "2-digit", minute: "2-digit", hourCycle });
const full = style({ dateStyle: "long", timeStyle: "short", hourCycle });
const weekday = style({ weekday: "long", day: "numeric", month: "long" });
const date = style({ day: "numeric", month: "long", year: "numeric" });
const short = style({ day: "numeric", month: "short" });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const startOfDay = (at) => new Date(at).setHours(0, 0, 0, 0);
const daysAgo = (at) => Math.round((startOfDay(Date.now()) - startOfDay(at)) / DAY);

/** How a `<time>` is written, by its `data-as`; without one it is a time of day. */
const FORMS = {
  clock: (at) => clock.format(at),
  day: dayName,
  date: (at) => date.format(at),
  activity,
  waiting,
};

/** Whether both fall on one day of the reader's calendar. */
export function sameDay(one, other) {
  return startOfDay(one) === startOfDay(other);
}

export function dayName(at) {
  const days = daysAgo(at);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return (days < 180 ? weekday : date).format(new Date(at));
}

/** The last activity in a list: the time today, the day before that. */
function activity(at) {
  const days = daysAgo(at);
  if (days === 0) return clock.format(at);
  if (days === 1) return "yesterday";
  return (days < 180 ? short : date).format(at);
}

/** For how long: whole minutes, hours or days. */
function waiting(at) {
  const passed = Date.now() - at;
  if (passed < MINUTE) return "< 1 min";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ${Math.floor((passed % HOUR) / MINUTE)} min`;
  const days = Math.floor(passed / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** Writes every `<time>` in `root` in the reader's own time. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) localiseOne(time);
}

export function localiseOne(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.valueOf())) return;
  const text = (FORMS[time.dataset.as] ?? FORMS.clock)(at);
  if (time.textContent !== text) time.textContent = text;
  time.title = full.format(at);
}

/** Keeps the waiting times going; a hidden page is caught up when it is looked at again. */
export function tick(root) {
  const all = () => !document.hidden && localise(root);
  setInterval(all, MINUTE / 4);
  document.addEventListener("visibilitychange", all);
}
