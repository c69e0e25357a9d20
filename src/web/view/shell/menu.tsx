/** Popup menus and the buttons that open them. On touch, a menu is a sheet at the bottom. */

import { createPortal } from "preact/compat";
import {
  createContext,
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { rove } from "../../input/keys.ts";
import { isTouch, useLayer } from "./context.tsx";
import { combined, listen } from "./effects.ts";
import { Icon, type IconName } from "./icons.tsx";

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly isDanger?: boolean;
  /** Current value, or a number, at the end of the line. */
  readonly note?: string | undefined;
  /** Whether a line separates it from the item before. */
  readonly startsGroup?: boolean;
  readonly onChoose: () => void;
}

/** Joins groups of items, which lines separate. */
export function menuGroups(...groups: readonly (readonly MenuItem[])[]): MenuItem[] {
  const filled = groups.filter(({ length }) => length > 0);
  return filled.flatMap((items, at) =>
    items.map((item, i) => (at > 0 && i === 0 ? { ...item, startsGroup: true } : item)),
  );
}

export function menuItem(label: string, onChoose: () => void, icon?: IconName): MenuItem {
  return icon === undefined ? { label, onChoose } : { label, icon, onChoose };
}

interface MenuProps {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly anchor: HTMLElement;
  readonly onClose: () => void;
  readonly top?: ((closeAndRefocus: () => void) => ReactNode) | undefined;
  /** Subject of the menu, which a sheet hides. */
  readonly head?: ReactNode;
  /** Whether a sheet shows the items as round signs side by side. */
  readonly isGrid?: boolean | undefined;
}

const GAP = 4;

function positionMenu(menu: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const isBelow = at.bottom + GAP + height <= innerHeight;
  const top = isBelow ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height);
  const left = Math.min(Math.max(GAP, at.right - width), innerWidth - width - GAP);
  menu.style.setProperty("--top", `${Math.min(top, innerHeight - height - GAP)}px`);
  menu.style.setProperty("--left", `${Math.max(GAP, left)}px`);
}

export function Menu({ label, items, anchor, onClose, top, head, isGrid }: MenuProps) {
  const ref = useRef<HTMLDivElement>(null);
  useLayer(onClose);
  useLayoutEffect(() => {
    const menu = ref.current;
    if (menu === null) return;
    positionMenu(menu, anchor);
    (isTouch() ? menu : menu.querySelector<HTMLElement>("button"))?.focus();
  }, [anchor]);
  useEffect(() => {
    const button = anchor.matches("[aria-haspopup=menu]") ? anchor : null;
    const onPointerDown = ({ target }: PointerEvent) => {
      const isInside = [ref.current, button].some((each) => each?.contains(target as Node));
      if (!isInside) onClose();
    };
    const onButton = (event: MouseEvent) => {
      // The button would open the menu again.
      event.stopImmediatePropagation();
      onClose();
      anchor.focus({ preventScroll: true });
    };
    if (isTouch()) return; // The shade takes touches, and the keyboard resizes the window.
    return combined(
      listen(document, "pointerdown", onPointerDown),
      listen(button, "click", onButton, { capture: true }),
      listen(window, "resize", onClose),
    );
  }, [anchor, onClose]);
  const closeAndRefocus = () => {
    onClose();
    anchor.focus({ preventScroll: true }); // The anchor can be scrolled out of view.
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      return closeAndRefocus();
    }
    const buttons = [...(ref.current?.querySelectorAll("button") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const sideways = { ArrowLeft: "ArrowUp", ArrowRight: "ArrowDown" }[event.key];
    const next = rove(sideways ?? event.key, at, buttons.length);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[next]?.focus();
  };
  const menu = (
    <div
      ref={ref}
      className={isGrid === true ? "menu is-grid" : "menu"}
      role="menu"
      aria-label={label}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      {head === undefined ? null : (
        <div className="menu-head" aria-hidden="true">
          {head}
        </div>
      )}
      {top?.(closeAndRefocus)}
      {items.map(({ label: itemLabel, icon, isDanger, note, startsGroup, onChoose }) => (
        <button
          key={itemLabel}
          type="button"
          role="menuitem"
          aria-description={note}
          className={[
            "menu-item",
            isDanger === true ? "menu-danger" : "",
            startsGroup === true ? "starts-group" : "",
          ].join(" ")}
          onClick={() => {
            closeAndRefocus();
            onChoose();
          }}
        >
          {icon === undefined ? null : <Icon name={icon} />}
          <span dir="auto">{itemLabel}</span>
          {note === undefined ? null : (
            <span className="menu-note" aria-hidden="true">
              {note}
            </span>
          )}
        </button>
      ))}
    </div>
  );
  const container = anchor.closest("dialog, main, aside") ?? document.body;
  const layer = (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the menu, too */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes the menu, too */}
      <div className="menu-shade" onClick={closeAndRefocus} />
      {menu}
    </>
  );
  return createPortal(layer, container) as object as ReactNode;
}

/**
 * Called when a menu inside opens or closes. The subtree must stay mounted while a menu is open.
 */
export const MenuStateContext = createContext<(isOpen: boolean) => void>(() => undefined);

interface MenuButtonProps extends Pick<MenuProps, "label" | "top" | "head" | "isGrid"> {
  readonly items: () => readonly MenuItem[];
  readonly className?: string;
  readonly icon?: IconName;
  readonly children?: ReactNode;
}

export function MenuButton(props: MenuButtonProps) {
  const { label, items, className = "", top, head, isGrid, icon = "more", children } = props;
  const [anchor, setAnchor] = useState<HTMLElement | undefined>(undefined);
  const close = useCallback(() => setAnchor(undefined), []);
  const isOpen = anchor !== undefined;
  const reportOpen = useContext(MenuStateContext);
  useLayoutEffect(() => {
    if (!isOpen) return;
    reportOpen(true);
    return () => reportOpen(false);
  }, [isOpen, reportOpen]);
  return (
    <>
      <button
        type="button"
        className={children === undefined ? `icon-button ${className}` : className}
        aria-haspopup="menu"
        aria-label={children === undefined ? label : undefined}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        {children ?? <Icon name={icon} />}
      </button>
      {anchor === undefined ? null : (
        <Menu
          label={label}
          items={items()}
          anchor={anchor}
          onClose={close}
          top={top}
          head={head}
          isGrid={isGrid}
        />
      )}
    </>
  );
}
