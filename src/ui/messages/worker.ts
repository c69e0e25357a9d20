/** Texts that the page's service worker displays. */

import type { Language } from "./languages.ts";

export interface WorkerTexts {
  /** Notification whose text the browser cannot read. */
  readonly push: string;
  /** Shown in place of the page, which appears once the server answers. */
  readonly unreachable: string;
}

export const WORKER_TEXTS: Readonly<Record<Language, WorkerTexts>> = {
  en: { push: "A new message", unreachable: "Can't reach the server. Retrying…" },
  id: { push: "Pesan baru", unreachable: "Server tidak dapat dihubungi. Mencoba lagi…" },
};
