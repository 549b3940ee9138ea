//! Modules, their functions, and launching them. Not what the functions compute: [`crate::kernels`] does.

use std::collections::BTreeSet;
use std::ffi::{c_char, c_int, c_uint, c_void};

use newsreel_stand_in_kit::Stage;
use parking_lot::Mutex;

use super::context::{current, current_is};
use super::{export, stream};
use crate::abi::{Answer, CuError, Handle, In, Out};
use crate::handles::Handles;
use crate::kernels::{self, Arguments, Grid, Kernel};
use crate::{fault, report};

static MODULES: Handles<Module> = Handles::new("module");
static FUNCTIONS: Handles<Function> = Handles::new("function");

struct Module {
    context: Handle,
    /// The entry points its PTX declares; none for an image that is not text.
    entries: Option<BTreeSet<String>>,
    functions: Mutex<Vec<Handle>>,
}

struct Function {
    context: Handle,
    name: String,
    kernel: Kernel,
}

/// Names of the entry points of a PTX text.
fn entries(text: &str) -> BTreeSet<String> {
    let after = text.split(".entry").skip(1);
    let names = after.filter_map(|rest| {
        let name = rest
            .trim_start()
            .split(['(', '\n', ' ', '\t', '\r'])
            .next()?;
        (!name.is_empty()).then(|| name.to_owned())
    });
    names.collect()
}

fn load(image: &In<c_char>) -> Answer<Handle> {
    let (context, _) = current()?;
    let text = image.text()?;
    let entries = text.contains(".version").then(|| entries(&text));
    Ok(MODULES.insert(Module {
        context,
        entries,
        functions: Mutex::new(Vec::new()),
    }))
}

fn function(module: Handle, name: &str) -> Answer<Handle> {
    let module = MODULES.get(module)?;
    current_is(module.context, "module")?;
    if module
        .entries
        .as_ref()
        .is_some_and(|all| !all.contains(name))
    {
        return Err(CuError::NOT_FOUND);
    }
    let Some(kernel) = kernels::find(name) else {
        report::violation(format!(
            "no function emulates the kernel {name}: add it to kernels.rs"
        ));
        return Err(CuError::NOT_FOUND);
    };
    let handle = FUNCTIONS.insert(Function {
        context: module.context,
        name: name.to_owned(),
        kernel,
    });
    module.functions.lock().push(handle);
    Ok(handle)
}

fn launch(function: Handle, grid: Grid, on: Handle, arguments: *mut *mut c_void) -> Answer {
    let function = FUNCTIONS.get(function)?;
    let context = current_is(function.context, "function")?;
    stream::usable(on)?;
    if grid.is_empty() {
        return Err(CuError::INVALID_VALUE);
    }
    fault::reach(context.device, Stage::Kernel)?;
    (function.kernel.run)(&grid, &Arguments::of(arguments))?;
    report::count(|c| *c.kernels.entry(function.name.clone()).or_default() += 1);
    Ok(())
}

fn forget(module: &Module) {
    for function in module.functions.lock().drain(..) {
        let _ = FUNCTIONS.remove(function);
    }
}

/// Ends those of a context; how many there were, and what they are.
pub fn end_of(context: Handle) -> (usize, &'static str) {
    let gone = MODULES.remove_all(|m| m.context == context);
    gone.iter().for_each(|module| forget(module));
    (gone.len(), MODULES.kind())
}

/// What is left at the end of the process.
pub fn leaks() -> Vec<String> {
    match MODULES.count() {
        0 => Vec::new(),
        count => vec![format!("{count} × {}", MODULES.kind())],
    }
}

export! {
    fn cuModuleLoadData(module: Out<Handle>, image: In<c_char>) { module.put(load(&image)?) }

    fn cuModuleLoadDataEx(
        module: Out<Handle>,
        image: In<c_char>,
        _count: c_uint,
        _options: *mut c_int,
        _values: *mut *mut c_void,
    ) { module.put(load(&image)?) }

    fn cuModuleUnload(module: Handle) {
        let module = MODULES.remove(module)?;
        forget(&module);
        Ok(())
    }

    fn cuModuleGetFunction(out: Out<Handle>, module: Handle, name: In<c_char>) {
        out.put(function(module, &name.text()?)?)
    }

    fn cuFuncSetAttribute(function: Handle, _attribute: c_int, _value: c_int) {
        FUNCTIONS.get(function).map(|_| ())
    }

    fn cuFuncGetAttribute(value: Out<c_int>, attribute: c_int, function: Handle) {
        FUNCTIONS.get(function)?;
        // MAX_THREADS_PER_BLOCK is 0; of nothing else is there anything to say.
        value.put(if attribute == 0 { 1024 } else { 0 })
    }

    fn cuFuncSetCacheConfig(function: Handle, _config: c_int) { FUNCTIONS.get(function).map(|_| ()) }

    fn cuLaunchKernel(
        function: Handle,
        grid_x: c_uint,
        grid_y: c_uint,
        grid_z: c_uint,
        block_x: c_uint,
        block_y: c_uint,
        block_z: c_uint,
        _shared: c_uint,
        on: Handle,
        arguments: *mut *mut c_void,
        extra: *mut *mut c_void,
    ) {
        if !extra.is_null() {
            return Err(CuError::NOT_SUPPORTED);
        }
        let grid = Grid {
            blocks: [grid_x, grid_y, grid_z],
            threads: [block_x, block_y, block_z],
        };
        launch(function, grid, on, arguments)
    }
}
