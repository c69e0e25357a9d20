/** Starts the browser's own downloads. */

/** The server writes the times in the archive in the browser's time zone. */
export function downloadArchive(path: string, name: string): void {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  downloadFrom(`${path}?zone=${encodeURIComponent(timeZone)}`, name);
}

export function downloadFrom(address: string, name: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}
