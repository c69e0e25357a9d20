/** Opens the emoji picker. */

import { type PageValue, usePage } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";
import { EmojiPicker, type EmojiProps } from "../shell/lazy.tsx";

export function askEmoji({ show }: PageValue, given: Omit<EmojiProps, "onClose">): void {
  show((close) => <EmojiPicker {...given} onClose={close} />);
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
      onPress={() => askEmoji(page, { title: label, onChoose })}
    />
  );
}
