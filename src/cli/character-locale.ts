/** Locale that tells the encoding of texts on this machine. */

/** @returns "" if none is set */
export function characterLocale(env: Readonly<Record<string, string | undefined>>): string {
  return env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
}
