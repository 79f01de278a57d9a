//! What a sink takes: the parts of a call that `taint.toml` names.

use super::super::eval::{Atom, Ctx, Host, Set, Value};
use super::super::ir::Expr;
use super::super::program::At;
use super::super::table::Part;
use super::Examiner;

impl Examiner<'_, '_, '_> {
    pub(super) fn parts(&mut self, call: At, ctx: Ctx, parts: &[Part]) -> Value {
        let mut set = Set::new();
        for part in parts {
            let value = self.part(call, ctx, part);
            set.extend(&value);
            // The first that is there is the address; `0.url` is asked where `0` is an object.
        }
        set.finish()
    }

    fn part(&mut self, call: At, ctx: Ctx, part: &Part) -> Value {
        match part {
            Part::Argument(index, None) => {
                let value = self.engine.argument(call, *index, ctx);
                self.without_nothing(&value)
            }
            Part::Argument(index, Some(member)) => {
                let value = self.engine.argument(call, *index, ctx);
                let value = self.engine.forced(&value);
                // The name may stand nowhere as a whole: `{["bo" + "dy"]: data}`.
                let name = self.engine.names.add(member);
                let mut set = Set::new();
                for atom in value.atoms() {
                    if matches!(atom, Atom::Object(..) | Atom::Instance(..)) {
                        let value = self.engine.member_of_atom(*atom, name, call);
                        set.extend(&value);
                    } else if matches!(atom, Atom::Taint { .. }) && member != "url" && *index > 0 {
                        set.add(*atom);
                    }
                }
                let value = set.finish();
                self.without_nothing(&value)
            }
            Part::Within(index, member) => {
                let value = self.engine.argument(call, *index, ctx);
                let value = self.engine.members_named(&value, member, call);
                self.without_nothing(&value)
            }
            Part::Method(method, index) => {
                let mut set = Set::new();
                for atom in self.receiver(call, ctx).atoms().to_vec() {
                    if method == "new" {
                        let made = match atom {
                            Atom::Host(host) => self.made(self.engine.host(host)),
                            // An instance of a class that extends the browser's.
                            Atom::Instance(class, _) => Some((class, 0)),
                            _ => None,
                        };
                        if let Some((made, ctx)) = made {
                            let value = match self.engine.program.expr(made) {
                                Expr::Class(_) | Expr::Function(_) => self.engine.given_to_parent(made, *index),
                                _ => self.engine.argument(made, *index, ctx),
                            };
                            set.extend(&value);
                        }
                    } else {
                        for (other, other_ctx) in self.engine.calls_on_atom(atom, method) {
                            let value = self.engine.argument(other, *index, other_ctx);
                            set.extend(&value);
                        }
                    }
                }
                let value = set.finish();
                self.without_nothing(&value)
            }
            Part::Member(member) => {
                let Some(name) = self.engine.names.find(member) else { return Value::clean() };
                let mut set = Set::new();
                for atom in self.receiver(call, ctx).atoms().to_vec() {
                    // A frame's window is addressed by what the frame shows.
                    let atom = match atom {
                        Atom::Host(host) if self.engine.host_path(host) == "Element.contentWindow" => {
                            let site = self.engine.host(host).site;
                            self.engine.host_with("Element", site)
                        }
                        atom => atom,
                    };
                    let value = self.engine.written_member(atom, name);
                    set.extend(&value);
                }
                let value = set.finish();
                self.without_nothing(&value)
            }
            Part::This => self.receiver(call, ctx),
        }
    }

    pub(super) fn without_nothing(&mut self, value: &Value) -> Value {
        value.atoms().iter().copied().filter(|atom| !matches!(atom, Atom::Nothing)).collect()
    }

    /// What a method is called on.
    pub(super) fn receiver(&mut self, call: At, ctx: Ctx) -> Value {
        let Expr::Call { callee, .. } = self.engine.program.expr(call) else { return Value::clean() };
        if let Some((_, how)) = self.engine.indirect(call, ctx) {
            return self.engine.written_argument(call, how.this(), ctx);
        }
        let at = At { inst: call.inst, expr: callee };
        match self.engine.program.expr(at) {
            Expr::Member { object, .. } | Expr::Index { object, .. } => {
                let object = At { inst: call.inst, expr: object };
                match self.engine.program.expr(object) {
                    Expr::Super => self.engine.this_at(object, ctx),
                    _ => self.engine.eval(object, ctx),
                }
            }
            // const {send} = socket; const send = socket.send.bind(socket)
            _ => {
                let value = self.engine.eval(at, ctx);
                let mut set = Set::new();
                for atom in value.atoms() {
                    match *atom {
                        Atom::Host(host) => {
                            let host = self.engine.host(host);
                            let path = self.engine.text(host.path).to_owned();
                            if let Some((owner, _)) = path.rsplit_once('.') {
                                let atom = self.engine.host_with(owner, host.site);
                                set.add(atom);
                            }
                        }
                        Atom::Bound(bound) => {
                            let value = self.engine.bound_this(bound);
                            set.extend(&value);
                        }
                        _ => {}
                    }
                }
                set.finish()
            }
        }
    }

    /// The constructor or first call that an object comes from.
    fn made(&mut self, host: Host) -> Option<(At, Ctx)> {
        let (mut site, mut ctx) = host.site?;
        for _ in 0..4 {
            let Expr::Call { callee, .. } = self.engine.program.expr(site) else { break };
            let Expr::Member { object, .. } = self.engine.program.expr(At { inst: site.inst, expr: callee }) else { break };
            let value = self.engine.eval(At { inst: site.inst, expr: object }, ctx);
            let before = value.atoms().iter().find_map(|atom| match *atom {
                Atom::Host(host) => self.engine.host(host).site,
                _ => None,
            });
            match before {
                Some(before) => (site, ctx) = before,
                None => break,
            }
        }
        Some((site, ctx))
    }

    /// The servers that a peer connection is made with.
    pub(super) fn peer(&mut self, call: At, ctx: Ctx) -> Value {
        let mut set = Set::new();
        for atom in self.receiver(call, ctx).atoms().to_vec() {
            if let Atom::Host(host) = atom
                && let Some((made, ctx)) = self.made(self.engine.host(host))
            {
                let options = self.engine.argument(made, 0, ctx);
                for text in self.engine.texts_within(&options) {
                    set.add(Atom::Text(text));
                }
            }
        }
        if set.is_empty() {
            set.add(Atom::Unknown);
        }
        set.finish()
    }
}
