/** Texts of the page's service worker, which runs without a page and has no other texts. */

export const PUSH_TEXTS: Readonly<Record<string, string>> = {
  en: "A new message",
  id: "Pesan baru",
};
