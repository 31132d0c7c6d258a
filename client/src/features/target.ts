/** What the field "Name or number" holds: somebody's name, a number, or an address; and how it is dialled. */
export type Target =
  | { readonly kind: "nothing" }
  | { readonly kind: "name"; readonly words: string }
  | { readonly kind: "number"; readonly to: string }
  | { readonly kind: "address"; readonly to: string };

const ADDRESS = /^(sips?:)?[^\s@<>"]+@[^\s@<>"]+$/i;
const NUMBER = /^\+?[\d\s().\-/*#\u2010-\u2015\u00a0]+$/;

export function readTarget(text: string): Target {
  const words = text.replace(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, "").trim();
  if (!words) return { kind: "nothing" };
  const address = words.replace(/^<|>$/g, "");
  if (ADDRESS.test(address)) return { kind: "address", to: /^sips?:/i.test(address) ? address : `sip:${address}` };
  const number = words.replace(/^(tel|callto|sips?):(\/\/)?/i, "").replace(/[;?].*$/, "");
  if (NUMBER.test(number) && /[\d*#]/.test(number)) return { kind: "number", to: clean(number) };
  if (/^sips?:\S+$/i.test(words)) return { kind: "address", to: words };
  return { kind: "name", words };
}

/** "+49 (0) 171" is how letterheads write +49 171. */
function clean(number: string): string {
  const international = number.trim().startsWith("+");
  const digits = (international ? number.replace(/\(0\)/g, "") : number).replace(/[^\d*#]/g, "");
  return international ? `+${digits}` : digits;
}
