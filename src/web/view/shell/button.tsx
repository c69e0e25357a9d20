/** The page's text button. */

import type { ComponentProps } from "react";

type Look = "main" | "danger" | "quiet" | "small" | "wide";

interface ButtonProps extends ComponentProps<"button"> {
  /** Looks of page.css, separated by spaces. */
  readonly look?: Look | "main wide" | "small quiet";
}

/** A button in the page's style. It submits a form only if its type says so. */
export function Button({ look, type = "button", ...props }: ButtonProps) {
  const looks = look === undefined ? [] : look.split(" ").map((one) => `button-${one}`);
  return <button type={type} className={["button", ...looks].join(" ")} {...props} />;
}
