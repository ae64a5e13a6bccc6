// Numbers as people read them in both languages: grouped thousands, no more digits than they mean.
const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const count = (n) => (n === null || n === undefined ? "–" : grouped.format(n));

export function decimal(n) {
  if (n === null || n === undefined || !Number.isFinite(n)) return "–";
  return new Intl.NumberFormat("en-US", { maximumFractionDigits: Math.abs(n) < 10 ? 2 : 1 }).format(n);
}

export function percent(share, digits = 1) {
  if (share === null || share === undefined || !Number.isFinite(share)) return "–";
  const most = 100 - 10 ** -digits / 2;
  const shown = 100 * share;
  // What is not all is not called all, what is not nothing is not called nothing.
  if (shown < 100 && shown >= most) return `>${(100 - 10 ** -digits).toFixed(digits)} %`;
  if (shown > 0 && shown < 10 ** -digits / 2) return `<${(10 ** -digits).toFixed(digits)} %`;
  return `${shown.toFixed(digits)} %`;
}

export function duration(seconds, say) {
  if (seconds === null || seconds === undefined || !Number.isFinite(Number(seconds))) return say("never");
  const whole = Math.ceil(seconds - 1e-6); // nobody is told of a second too few
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// Never more than is proved: cut, not rounded.
export const atLeast = (share) => `${(Math.floor(1000 * share + 1e-9) / 10).toFixed(1)} %`;
