/** Text of a message in which a part can be selected. */

import { cleanText } from "../../../base/text.ts";
import { type CloseProps, useTexts } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";

export function TextDialog({ text, onClose }: CloseProps & { readonly text: string }) {
  return (
    <Dialog title={useTexts().selectText} onClose={onClose} className="dialog-small">
      <p className="selectable" dir="auto">
        {cleanText(text, { lines: true, tabs: true })}
      </p>
    </Dialog>
  );
}
