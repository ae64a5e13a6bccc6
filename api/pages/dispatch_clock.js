// Spans of time as a dispatcher reads them: minutes and seconds, a sign where a deadline has passed.
import { say } from "./desk_words.js";

const two = (n) => String(n).padStart(2, "0");

// 4:07, 1:04:07, "2 d 1:04"; never negative.
export function spanText(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86400);
  const [hours, minutes, rest] = [Math.floor((whole % 86400) / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (days) return `${say("card_days", { n: days })} ${hours}:${two(minutes)}`;
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

// What is left of a deadline: "4:07"; what is over it: "+4:07".
export const leftText = (seconds) => (seconds < 0 ? `+${spanText(-seconds)}` : spanText(seconds));

const sameDay = (a, b) => a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();

// The time of a moment, by the browser's own clock; with the day where it is another one than today.
export function momentText(moment, today = new Date()) {
  const one = new Date(moment);
  const time = `${two(one.getHours())}:${two(one.getMinutes())}:${two(one.getSeconds())}`;
  return sameDay(one, today) ? time : `${one.getFullYear()}-${two(one.getMonth() + 1)}-${two(one.getDate())} ${time}`;
}

// How old a position is.
export function ageText(seconds) {
  if (seconds < 90) return say("units_age_s", { n: Math.round(seconds) });
  if (seconds < 5400) return say("units_age_min", { n: Math.round(seconds / 60) });
  return say("units_age_h", { n: Math.round(seconds / 3600) });
}
