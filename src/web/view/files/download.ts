/** Starts downloads of the browser. */

/** Makes the browser download an address. @param name cleaned */
export function downloadFrom(address: string, name: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}
