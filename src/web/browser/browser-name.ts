/** Browser and system names from a user agent, as in "Firefox on Linux". */

/** Ordered by precedence, because most browsers also claim to be a different browser. */
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

/** @param touches number of touch points that the screen supports */
export function browserName(agent: string, touches = 0): string {
  const firstMatch = (names: typeof BROWSERS | typeof SYSTEMS) =>
    names.find(([, pattern]) => pattern.test(agent))?.[0];
  const system = firstMatch(SYSTEMS);
  // iPads report macOS as their system; no Mac has a touch screen.
  const deviceName = system === "macOS" && touches > 1 ? "iPad" : system;
  const browser = firstMatch(BROWSERS) ?? "Browser";
  return deviceName === undefined ? browser : `${browser} on ${deviceName}`;
}
