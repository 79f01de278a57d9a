//! What comes out of the browser's recorders and streams: what was put into them.

use super::super::ir::Expr;
use super::super::program::At;
use super::{Atom, Ctx, Engine, Set, Use, Value};

impl Engine<'_, '_> {
    /// The picture or sound that a recorder was made for, where a path is a piece of what it recorded.
    pub(super) fn recorded(&mut self, canonical: &str, site: Option<(At, Ctx)>, at: At) -> Option<Value> {
        let (made, ctx) = match canonical {
            "Recording" => site?,
            // recorder.addEventListener("dataavailable", ...)
            "Event.data" if self.event_names(site).iter().any(|event| event == "dataavailable") => self.listened_on(site?)?,
            _ => return None,
        };
        let stream = self.argument(made, 0, ctx);
        let stream = self.collect(&stream);
        let recorded = self.step(stream, at, "records it");
        let mut set = Set::new();
        set.extend_taints(&recorded);
        set.add(Atom::Unknown);
        Some(set.finish())
    }

    /// The constructor of the object of the browser that a listener was given to.
    fn listened_on(&mut self, (call, ctx): (At, Ctx)) -> Option<(At, Ctx)> {
        let Expr::Call { callee, .. } = self.program.expr(call) else { return None };
        let Expr::Member { object, .. } = self.program.expr(At { inst: call.inst, expr: callee }) else { return None };
        let receiver = self.eval(At { inst: call.inst, expr: object }, ctx);
        receiver.atoms().iter().find_map(|atom| match *atom {
            Atom::Host(host) if self.host_path(host) == "MediaRecorder" => self.host(host).site,
            _ => None,
        })
    }

    /// What the functions of a stream put into it: `new ReadableStream({ start(controller) { controller.enqueue(text); } })`.
    pub(super) fn enqueued(&mut self, made: &Value, found: &mut Vec<Value>) {
        for atom in made.atoms() {
            for name in ["start", "pull"] {
                let Some(name) = self.names.find(name) else { continue };
                let function = self.property(*atom, name);
                for function in function.atoms() {
                    let Atom::Function(func, outer) = *function else { continue };
                    let Expr::Function(id) = self.program.expr(func) else { continue };
                    let Some(&controller) = self.ir(func.inst).func(id).params.first() else { continue };
                    for found_use in self.calls_of_symbol(func.inst, controller) {
                        let Use::Member(member) = found_use else { continue };
                        let ir = self.ir(member.inst);
                        let is_enqueue =
                            matches!(ir.expr(member.expr), Expr::Member { name, .. } if self.text(name) == "enqueue");
                        if let Some(call) = ir.parent(member.expr).filter(|_| is_enqueue) {
                            let here = self.lexical(outer, member.inst, ir.func_of(call));
                            found.push(self.argument(At { inst: member.inst, expr: call }, 0, here));
                        }
                    }
                }
            }
        }
    }
}
