/** Texts that the page's service worker displays in notifications. */

export const PUSH_TEXTS: Readonly<Record<string, string>> = {
  en: "A new message",
  id: "Pesan baru",
};
