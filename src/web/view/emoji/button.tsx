/** Button that opens the emoji picker. */

import { type PageValue, usePage } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";
import { EmojiPicker, type EmojiPickerProps } from "./picker.tsx";

export function pickEmoji(
  { openDialog }: PageValue,
  props: Omit<EmojiPickerProps, "onClose">,
): void {
  openDialog(EmojiPicker, { ...props });
}

interface EmojiButtonProps {
  readonly label: string;
  readonly onChoose: (sign: string) => void;
  readonly className?: string;
}

export function EmojiButton({ label, onChoose, className = "" }: EmojiButtonProps) {
  const page = usePage();
  return (
    <IconButton
      icon="smile"
      label={label}
      className={className}
      onPress={() => pickEmoji(page, { title: label, onChoose })}
    />
  );
}
