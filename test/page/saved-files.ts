import type { Visit } from "./visit.ts";

/**
 * Replaces the pickers for files and folders, which tests cannot operate, by the origin's private
 * file system.
 */
export const PICKERS = `window.showDirectoryPicker = async () => navigator.storage.getDirectory();
window.showSaveFilePicker = async ({ suggestedName }) =>
  (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });`;

export function savedSha256({ page }: Visit, name: string): Promise<string> {
  return page.evaluate<string>(`(async () => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle(${JSON.stringify(name)})).getFile();
    return new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())).toHex();
  })()`);
}

export function savedNames({ page }: Visit): Promise<readonly string[]> {
  return page.evaluate<string[]>(
    "navigator.storage.getDirectory().then((root) => Array.fromAsync(root.keys()))",
  );
}

export async function savedBytes({ page }: Visit, name: string): Promise<Uint8Array> {
  const text = await page.evaluate<string>(`(async () => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle(${JSON.stringify(name)})).getFile();
    return new Uint8Array(await file.arrayBuffer()).toBase64();
  })()`);
  return Buffer.from(text, "base64");
}
