/** Icons and icon buttons. */

import type { PointerEvent } from "react";
import type { ROOM_ICONS } from "./room-icons.ts";

const PATHS = {
  close: "M5 5l14 14M19 5 5 19",
  eye: "M2 12c5-9 15-9 20 0-5 9-15 9-20 0ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  more:
    "M5 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2ZM12 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2Z" +
    "M19 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2Z",
  qr: "M4 4h6v6H4ZM14 4h6v6h-6ZM4 14h6v6H4ZM14 14h2v2M20 14v2M14 20h2M18 18h2v2",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c5 5 5 13 0 18-5-5-5-13 0-18Z",
} as const;

export type IconName = keyof typeof PATHS | keyof typeof ROOM_ICONS;

const known: Partial<Record<string, string>> = { ...PATHS };

/** Adds the icons that the sign-in does not need. */
export function addIcons(icons: Readonly<Record<string, string>>): void {
  Object.assign(known, icons);
}

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={known[name]} />
    </svg>
  );
}

export interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onPress: () => void;
  /** Called when the main button of a pointer is pressed. */
  readonly onHold?: (event: PointerEvent) => void;
  readonly isPressed?: boolean | undefined;
  readonly isDisabled?: boolean;
  readonly className?: string;
}

export function IconButton(props: IconButtonProps) {
  const { icon, label, onPress, onHold, isPressed, isDisabled, className = "" } = props;
  return (
    <button
      type="button"
      className={`icon-button ${className}`}
      aria-label={label}
      title={label}
      aria-pressed={isPressed}
      aria-disabled={isDisabled}
      onClick={onPress}
      onPointerDown={onHold && ((event) => event.button === 0 && onHold(event))}
    >
      <Icon name={icon} />
    </button>
  );
}
