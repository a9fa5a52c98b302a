/** Characters that a password has at least. */
export const SHORTEST = 12;
