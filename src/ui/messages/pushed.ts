/** What the page's worker says by itself: it runs where no page is open, and has no other texts. */
export const PUSHED: Readonly<Record<string, string>> = {
  en: "A new message",
  id: "Pesan baru",
};
