/** A first step on a server, in the lobby: a sign, what it does, and its button. */

import type { ReactNode } from "react";
import { usePage } from "../shell/context.tsx";
import { Icon } from "../shell/icons.tsx";

interface StepProps {
  readonly sign: ReactNode;
  readonly title: string;
  readonly about: string;
  readonly isDone?: boolean;
  readonly children: ReactNode;
}

export function FirstStep({ sign, title, about, isDone = false, children }: StepProps) {
  const { texts } = usePage();
  return (
    <li className={isDone ? "first-step is-done" : "first-step"}>
      <span className="first-sign" aria-hidden="true">
        {isDone ? <Icon name="check" /> : sign}
      </span>
      <span className="room-text">
        <strong>
          {title}
          {isDone ? <span className="sr-only">, {texts.stepDone}</span> : null}
        </strong>
        <span className="hint">{about}</span>
      </span>
      {children}
    </li>
  );
}
