/** Texts of the page's service worker. */

export const PUSH_TEXTS: Readonly<Record<string, string>> = {
  en: "A new message",
  id: "Pesan baru",
};
