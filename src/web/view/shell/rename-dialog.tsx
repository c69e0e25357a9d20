/** Dialog with which operators rename an account or a room. */

import { useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { isSpelling } from "../../../core/rooms/titles.ts";
import { type CloseProps, usePage } from "./context.tsx";
import { FormDialog } from "./dialog.tsx";
import { Check, Field } from "./form.tsx";

interface RenameProps extends CloseProps {
  readonly subject: { readonly user: string } | { readonly room: string };
  readonly onDone?: () => void;
}

export function RenameDialog({ subject, onDone, onClose }: RenameProps) {
  const { texts, chat, toasts } = usePage();
  const before = "user" in subject ? subject.user : subject.room;
  const [name, setName] = useState(before);
  const [isQuiet, setQuiet] = useState(false);
  const rename = async () => {
    const to = name.trim().replace(/^[@#]/, "");
    const fields = { ...subject, to, ...(isQuiet && { quiet: true }) };
    const { title } = await chat.request("rename", fields);
    if (title !== undefined && !isSpelling(title, to)) toasts.show(texts.titleStays(title), false);
    onDone?.();
  };
  return (
    <FormDialog
      title={texts.renameAsk("user" in subject ? cleanText(before) : `#${cleanText(before)}`)}
      action={texts.rename}
      onSubmit={rename}
      onClose={onClose}
    >
      <Field
        id="rename"
        label={texts.newName}
        value={name}
        onChange={setName}
        isRequired
        isFirst
        hint={"user" in subject ? texts.renameExplained : undefined}
      />
      {"user" in subject ? (
        <Check label={texts.renameQuietly} isOn={isQuiet} onChange={setQuiet} />
      ) : null}
    </FormDialog>
  );
}
