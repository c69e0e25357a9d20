/** The page's text button. */

import type { ComponentProps } from "react";

type Variant = "main" | "danger" | "quiet" | "small" | "wide";

interface ButtonProps extends ComponentProps<"button"> {
  readonly variant?: Variant | "main wide" | "small quiet" | undefined;
}

export function Button({ variant, type = "button", ...props }: ButtonProps) {
  const classes = variant === undefined ? [] : variant.split(" ").map((name) => `button-${name}`);
  return <button type={type} className={["button", ...classes].join(" ")} {...props} />;
}
