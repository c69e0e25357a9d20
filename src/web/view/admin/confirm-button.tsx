/** A button that asks before it acts. */

import { Button } from "../shell/button.tsx";
import { usePage } from "../shell/context.tsx";
import { confirm, type Question } from "../shell/dialog.tsx";

interface AskButtonProps {
  /** For screen readers, if the action does not say what it is about. */
  readonly label?: string;
  readonly question: Question;
}

/** A small button of a list that asks before it acts. */
export function AskButton({ label, question }: AskButtonProps) {
  const page = usePage();
  return (
    <Button look="small" aria-label={label} onClick={() => confirm(page, question)}>
      {question.action}
    </Button>
  );
}
