/** Pill above the composer, by which the user walks through messages. */

import { type PointerEvent, type ReactNode, type RefObject, useRef } from "react";
import { Announced } from "../shell/announced.tsx";
import { Icon, IconButton, type IconName } from "../shell/icons.tsx";
import walkSheet from "./walk.css" with { type: "file" };

export { walkSheet };

interface WalkPillProps {
  readonly label: string;
  readonly name: string;
  readonly position: string;
  /** Text for screen readers after each step. */
  readonly spoken: string;
  /** Labels of the arrows. */
  readonly up: string;
  readonly down: string;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** -1 is up. */
  readonly onStep: (by: 1 | -1) => void;
  readonly steps?: RefObject<HTMLDivElement | null>;
  readonly children: ReactNode;
}

const SWIPE_PX = 48;

export function WalkPill(props: WalkPillProps) {
  const { label, name, position, spoken, up, down, isFirst, isLast, onStep, steps, children } =
    props;
  const swipe = useRef<number>(undefined);
  const onSwiped = ({ clientX }: PointerEvent) => {
    const start = swipe.current;
    swipe.current = undefined;
    if (start === undefined || Math.abs(clientX - start) < SWIPE_PX) return;
    const isRtl = document.dir === "rtl";
    onStep(clientX < start !== isRtl ? 1 : -1);
  };
  return (
    <nav
      className="walk board"
      aria-label={label}
      onPointerDown={({ clientX }) => {
        swipe.current = clientX;
      }}
      onPointerUp={onSwiped}
      onPointerCancel={() => {
        swipe.current = undefined;
      }}
    >
      <span className="walk-words">
        <span dir="auto">{name}</span>
        <b>{position}</b>
      </span>
      <Announced kind="result" className="sr-only">
        {spoken}
      </Announced>
      <div ref={steps} className="walk-steps">
        <IconButton icon="up" label={up} isDisabled={isFirst} onPress={() => onStep(-1)} />
        <IconButton icon="down" label={down} isDisabled={isLast} onPress={() => onStep(1)} />
      </div>
      {children}
    </nav>
  );
}

interface WalkButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onPress: () => void;
}

export function WalkButton({ icon, label, onPress }: WalkButtonProps) {
  return (
    <button type="button" className="walk-back" onClick={onPress}>
      <Icon name={icon} />
      <span>{label}</span>
    </button>
  );
}
