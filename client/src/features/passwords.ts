/** The one rule for passwords: long enough, and typed the same twice. */
export const SHORTEST = 8;

export function passwordTrouble(password: string, again: string): { first: string; second: string } {
  if (password.length < SHORTEST) return { first: `Please use at least ${SHORTEST} characters.`, second: "" };
  if (password !== again) return { first: "", second: "The two are not the same." };
  return { first: "", second: "" };
}
