/** The most particular first: most of them claim to be others, too. */
const BROWSERS = [
  ["Edge", /Edg/],
  ["Opera", /OPR\//],
  ["Samsung Internet", /SamsungB/],
  ["Firefox", /Firefox|FxiOS/],
  ["Chrome", /Chrom|CriOS/],
  ["Safari", /Safari/],
] as const;
const SYSTEMS = [
  ["Windows", /Windows/],
  ["Android", /Android/],
  ["iPhone", /iPhone/],
  ["iPad", /iPad/],
  ["macOS", /Mac OS/],
  ["ChromeOS", /CrOS/],
  ["Linux", /Linux/],
] as const;

/**
 * By which a user knows a device again in a list: `Firefox on Linux`.
 * @param agent as browsers tell it @param touches how many fingers the screen knows
 */
export function browserName(agent: string, touches = 0): string {
  const found = (names: typeof BROWSERS | typeof SYSTEMS) =>
    names.find(([, pattern]) => pattern.test(agent))?.[0];
  const system = found(SYSTEMS);
  // An iPad says that it is a Mac; there is none with a touch screen.
  const named = system === "macOS" && touches > 1 ? "iPad" : system;
  const browser = found(BROWSERS) ?? "Browser";
  return named === undefined ? browser : `${browser} on ${named}`;
}
