/** Nominal typing by a string property, so that two packages (or two installs of one) can declare the same brand. */
export type Brand<T, B extends string> = T & { readonly '~brand': B };
