/** Icons and icon buttons. */

const PATHS = {
  menu: "M3 6h18M3 12h18M3 18h18",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6" +
    "M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5c2 .8 3.2 2.6 3.5 5.5",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 21 21",
  attach:
    "M20 11.5 12 19.5a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7" +
    "L9.7 17.2a1.6 1.6 0 0 1-2.3-2.3L15 7.3",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8 14c2 2.500 6 2.500 8 0M9 9.500h.01M15 9.500h.01",
  send: "M4 12 20 4l-5 16-3-7-8-1Z",
  reply: "M9 6 4 11l5 5M4 11h9c4 0 7 2.5 7 7",
  link:
    "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1.500 1.500" +
    "M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1.500-1.500",
  close: "M5 5l14 14M19 5 5 19",
  down: "M12 4v15M5 12.5 12 19.5l7-7",
  file: "M6 3h8l4 4v14H6V3ZM14 3v4h4",
  copy: "M9 9h11v11H9V9ZM6 15H4V4h11v2",
  pdf: "M6 3h8l4 4v14H6V3ZM14 3v4h4M9 17v-6h1.500a1.700 1.700 0 0 1 0 3.400H9",
  archive: "M6 3h8l4 4v14H6V3ZM14 3v4h4M10 3v2M11 6v2M10 9v2M11 12v2M9.500 15.500h2v2.500h-2Z",
  document: "M6 3h8l4 4v14H6V3ZM14 3v4h4M9 11h6M9 14h6M9 17h4",
  sheet: "M6 3h8l4 4v14H6V3ZM14 3v4h4M9 11h6v6H9v-6ZM9 14h6M12 11v6",
  slides: "M3 4h18v12H3V4ZM12 16v4M8 20h8M8 12v-2M12 12V8M16 12v-3",
  code: "M6 3h8l4 4v14H6V3ZM14 3v4h4M10.500 11 8.500 14l2 3M13.500 11l2 3-2 3",
  sound:
    "M9 18V5l11-2v13M6.500 20.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z" +
    "M17.500 18.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z",
  film: "M3 5h18v14H3V5ZM7 5v14M17 5v14M3 9.500h4M3 14.500h4M17 9.500h4M17 14.500h4",
  folder: "M3 19V5h6l2 3h10v11H3Z",
  picture: "M3 5h18v14H3V5ZM3 16l5-5 5 5 3-3 5 4M15.500 9h.01",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l12 7-12 7V5Z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  list: "M8 6h13M8 12h13M8 18h13M3.5 6h.01M3.5 12h.01M3.5 18h.01",
  invite:
    "M10 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM3.5 20c.500-4 3-6 6.5-6s6 2 6.5 6M19 6v6" +
    "M16 9h6",
  gear:
    "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z" +
    "M9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
  dashboard: "M3 4h18v12H3V4ZM8 20h8M12 16v4M6.5 12.5l3-3 2.5 2 4.5-4.5",
  calendar: "M4 6h16v14H4V6ZM4 10h16M8 3v4M16 3v4",
  pin: "M9 4h6M10 4v6l-3 4h10l-3-4V4M12 14v6",
  poll: "M5 20V11M12 20V4M19 20v-6",
  hand:
    "M7 12V6a1.500 1.500 0 0 1 3 0v5V4.500a1.500 1.500 0 0 1 3 0V11V6a1.500 1.500 0 0 1 3 0v8" +
    "c0 4-2 7-5.500 7C8 21 6 18 4.500 14.500A1.500 1.500 0 0 1 7 13Z",
  key: "M8 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 12h9v3M17 12v3",
  lock: "M6 11h12v9H6v-9ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  star: "M12 4l2.4 5 5.600.7-4.100 3.800 1.100 5.500-5-2.700-5 2.700 1.100-5.500L4 9.700l5.600-.7Z",
  quiet: "M6 17v-6a6 6 0 0 1 9-5.2M18 11v6M4 17h13M10 20.500h4M4 4l16 16",
  bookmark: "M6 4h12v16l-6-4-6 4Z",
  check: "M5 12.5 10 17.500 19 7",
  unread: "M20 12v7H4V6h10M4 7l8 6 3-2M19 8.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z",
  erase: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13",
  eye: "M2 12c5-9 15-9 20 0-5 9-15 9-20 0ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  edit: "M4 20l1-4L16 5l3 3L8 19l-4 1Z",
  more:
    "M5 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2ZM12 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2Z" +
    "M19 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2Z",
  back: "M19 12H5M11 6l-6 6 6 6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

export interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onPress: () => void;
  readonly isPressed?: boolean;
  readonly isDisabled?: boolean;
  readonly className?: string;
}

export function IconButton(props: IconButtonProps) {
  const { icon, label, onPress, isPressed, isDisabled, className = "" } = props;
  return (
    <button
      type="button"
      className={`icon-button ${className}`}
      aria-label={label}
      title={label}
      aria-pressed={isPressed}
      aria-disabled={isDisabled}
      onClick={onPress}
    >
      <Icon name={icon} />
    </button>
  );
}
