/** Files that the build embeds in the program. */

/**
 * Returns the file with this extension; `undefined` if the program was built without it. The
 * embedded name contains a hash, as in page-1x2y3z.pack.
 */
export async function embeddedFile(extension: string): Promise<Uint8Array | undefined> {
  const file = Bun.embeddedFiles.find((one) => "name" in one && `${one.name}`.endsWith(extension));
  return await file?.bytes();
}
