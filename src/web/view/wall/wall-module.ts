import { LazyModule } from "../shell/lazy.ts";
import { addStyleSheet } from "../shell/style-sheet.ts";

/** Only moderators need it. */
export const wallModule = new LazyModule(async () => {
  const { wallParts } = await import("./wall-page.tsx");
  await addStyleSheet(wallParts.wallSheet);
  return wallParts;
});
