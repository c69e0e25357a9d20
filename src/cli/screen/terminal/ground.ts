/** Ground of the terminal, dark or light, for the theme `auto`. */

export type Ground = "dark" | "light";

/** OSC 11 asks for the colour of the ground. */
export const GROUND_QUERY = "\x1b]11;?\x1b\\";

const ANSWER = /\x1b\]11;rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})/i;
/** Share of each colour in the luminance. */
const WEIGHTS = [0.2126, 0.7152, 0.0722] as const;
const LIGHT_FROM = 0.5;

/** @returns `undefined` if the terminal did not say */
export function groundIn(answers: string): Ground | undefined {
  const match = ANSWER.exec(answers);
  if (match === null) return undefined;
  const luminance = WEIGHTS.reduce((sum, weight, at) => sum + weight * shareOf(match[at + 1]), 0);
  return luminance > LIGHT_FROM ? "light" : "dark";
}

function shareOf(digits = ""): number {
  return Number.parseInt(digits, 16) / (16 ** digits.length - 1);
}

/** Ground of `COLORFGBG`, such as `0;15`, which rxvt, Konsole and others set. Default: dark. */
export function groundOf(env: Readonly<Record<string, string | undefined>>): Ground {
  const [, ground = ""] = /;(\d{1,2})$/.exec(env["COLORFGBG"] ?? "") ?? [];
  return ground === "7" || ground === "15" ? "light" : "dark";
}
