/** Clipboard access, also without TLS. */

import { Fault } from "../../../base/fault.ts";
import type { StartValue } from "./context.tsx";

/**
 * Falls back to `execCommand` on pages without TLS, which lack the clipboard API.
 * @throws {Fault} store-denied if the browser denies access
 */
async function copyText(text: string): Promise<void> {
  const { clipboard } = navigator as Partial<Navigator>;
  if (clipboard !== undefined) return clipboard.writeText(text).catch(denied);
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "sr-only";
  // Elements outside an open dialog cannot get the focus.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  if (!isDone) denied(undefined);
}

export function copy({ texts, notify, fail }: StartValue, text: string): void {
  copyText(text).then(() => notify(texts.copied), fail);
}

function denied(cause: unknown): never {
  throw new Fault("store-denied", "the browser does not allow copying", { cause });
}
