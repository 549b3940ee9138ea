//! Tables of functions out of a library, all looked up at once. Not the functions.

/// Declares a table: `struct Name { field = "symbol"(types); … }`. Every function returns a status as a plain number.
macro_rules! functions {
    ($(#[$doc:meta])* struct $table:ident { $($name:ident = $symbol:literal($($argument:ty),*);)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $table {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) -> u32,)*
        }

        impl $table {
            /// Looks every function up.
            ///
            /// # Errors
            /// The first that is missing.
            ///
            /// # Safety
            /// The library's functions of these names must have these arguments, and it must never be unloaded.
            pub(super) unsafe fn of(library: &libloading::Library) -> Result<Self, &'static str> {
                Ok(Self {
                    $($name: {
                        // SAFETY: the caller vouches for the arguments.
                        let found = unsafe {
                            library.get::<unsafe extern "C" fn($($argument),*) -> u32>($symbol.as_bytes())
                        };
                        *found.map_err(|_| $symbol)?
                    },)*
                })
            }
        }
    };
}

pub(crate) use functions;
