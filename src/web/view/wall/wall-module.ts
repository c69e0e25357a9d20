import { LazyModule } from "../shell/lazy.ts";
import { addStyleSheet } from "../shell/style-sheet.ts";

/** Only moderators need it. */
export const wallModule = new LazyModule(async () => {
  const { wallParts } = await import("./wall-page.tsx");
  await Promise.all(wallParts.sheets.map((sheet) => addStyleSheet(sheet)));
  return wallParts;
});
