//! Destructuring, written out as member reads.

use oxc_ast::ast::{
    AssignmentTarget, AssignmentTargetMaybeDefault, AssignmentTargetProperty, BindingIdentifier, BindingPattern, PropertyKey,
};
use oxc_span::GetSpan;

use super::super::ir::{Expr, ExprId, Key, SymbolKind};
use super::Lower;

impl<'a> Lower<'a> {
    /// Declares every name of a pattern.
    pub(super) fn declare_pattern(&mut self, pattern: &BindingPattern<'a>, kind: SymbolKind, scope: usize) {
        let mut found = Vec::new();
        names(pattern, &mut found);
        for id in found {
            self.declare(id, kind, scope);
        }
    }

    /// Gives a value to the names of a pattern.
    pub(super) fn bind(&mut self, pattern: &BindingPattern<'a>, value: ExprId) {
        if self.depth > super::MAX_DEPTH {
            self.ir.cut = true;
            return;
        }
        self.depth += 1;
        match pattern {
            BindingPattern::BindingIdentifier(id) => {
                let start = id.span.start;
                match self.lookup(id.name.as_str()) {
                    Ok(symbol) => {
                        self.write(symbol, value, start);
                    }
                    Err(name) => {
                        let target = self.add(Expr::Global(name), start);
                        self.add(Expr::Assign { target, value }, start);
                    }
                }
            }
            BindingPattern::AssignmentPattern(pattern) => {
                let default = self.expr(&pattern.right);
                let value = self.any(&[value, default], pattern.span.start);
                self.bind(&pattern.left, value);
            }
            BindingPattern::ObjectPattern(pattern) => {
                let mut taken = Vec::new();
                for property in &pattern.properties {
                    let part = self.part(value, &property.key, property.span.start);
                    taken.push(part);
                    self.bind(&property.value, part);
                }
                if let Some(rest) = &pattern.rest {
                    let part = self.rest(value, &taken, rest.span.start);
                    self.bind(&rest.argument, part);
                }
            }
            BindingPattern::ArrayPattern(pattern) => {
                for (index, element) in pattern.elements.iter().enumerate() {
                    if let Some(element) = element {
                        let part = self.nth(value, index, element.span().start);
                        self.bind(element, part);
                    }
                }
                if let Some(rest) = &pattern.rest {
                    let part = self.rest(value, &[], rest.span.start);
                    self.bind(&rest.argument, part);
                }
            }
        }
        self.depth -= 1;
    }

    /// Gives a value to what stands on the left of an assignment; the expression that has the value afterwards.
    pub(super) fn assign_to(&mut self, target: &AssignmentTarget<'a>, value: ExprId, result: ExprId) -> ExprId {
        if self.depth > super::MAX_DEPTH {
            self.ir.cut = true;
            return result;
        }
        self.depth += 1;
        let start = target.span().start;
        let result = match target {
            AssignmentTarget::AssignmentTargetIdentifier(id) => match self.refer(id) {
                Ok(symbol) => self.write(symbol, value, start),
                Err(name) => {
                    let target = self.add(Expr::Global(name), start);
                    self.add(Expr::Assign { target, value }, start)
                }
            },
            AssignmentTarget::ObjectAssignmentTarget(pattern) => {
                let mut taken = Vec::new();
                for property in &pattern.properties {
                    match property {
                        AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(property) => {
                            let start = property.span.start;
                            let name = self.name(property.binding.name.as_str());
                            let object = self.add(Expr::Use(value), start);
                            let mut part = self.add(Expr::Member { object, name }, start);
                            taken.push(part);
                            if let Some(init) = &property.init {
                                let default = self.expr(init);
                                part = self.any(&[part, default], start);
                            }
                            match self.refer(&property.binding) {
                                Ok(symbol) => {
                                    self.write(symbol, part, start);
                                }
                                Err(name) => {
                                    let target = self.add(Expr::Global(name), start);
                                    self.add(Expr::Assign { target, value: part }, start);
                                }
                            }
                        }
                        AssignmentTargetProperty::AssignmentTargetPropertyProperty(property) => {
                            let part = self.part(value, &property.name, property.span.start);
                            taken.push(part);
                            self.assign_maybe_default(&property.binding, part);
                        }
                    }
                }
                if let Some(rest) = &pattern.rest {
                    let part = self.rest(value, &taken, rest.span.start);
                    self.assign_to(&rest.target, part, part);
                }
                result
            }
            AssignmentTarget::ArrayAssignmentTarget(pattern) => {
                for (index, element) in pattern.elements.iter().enumerate() {
                    if let Some(element) = element {
                        let part = self.nth(value, index, element.span().start);
                        self.assign_maybe_default(element, part);
                    }
                }
                if let Some(rest) = &pattern.rest {
                    let part = self.rest(value, &[], rest.span.start);
                    self.assign_to(&rest.target, part, part);
                }
                result
            }
            _ => match target.as_member_expression() {
                Some(member) => {
                    let target = self.member(member);
                    match self.ir.expr(target) {
                        // A member in which a machine keeps a value: see `machine`.
                        Expr::Local(symbol) => self.write(symbol, value, start),
                        _ => self.add(Expr::Assign { target, value }, start),
                    }
                }
                None => result,
            },
        };
        self.depth -= 1;
        result
    }

    fn assign_maybe_default(&mut self, target: &AssignmentTargetMaybeDefault<'a>, value: ExprId) {
        match target {
            AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(target) => {
                let default = self.expr(&target.init);
                let value = self.any(&[value, default], target.span.start);
                self.assign_to(&target.binding, value, value);
            }
            other => {
                if let Some(target) = other.as_assignment_target() {
                    self.assign_to(target, value, value);
                }
            }
        }
    }

    /// `value.key`.
    fn part(&mut self, value: ExprId, key: &PropertyKey<'a>, start: u32) -> ExprId {
        let key = self.key(key);
        let object = self.add(Expr::Use(value), start);
        match key {
            Key::Name(name) => self.add(Expr::Member { object, name }, start),
            Key::Computed(index) => self.add(Expr::Index { object, index }, start),
            Key::Spread => object,
        }
    }

    /// `...rest` of a value, where members of it were taken before.
    fn rest(&mut self, value: ExprId, taken: &[ExprId], start: u32) -> ExprId {
        let mut names = Vec::with_capacity(taken.len());
        for &part in taken {
            if let Expr::Member { name, .. } = self.ir.expr(part) {
                names.push(self.add(Expr::Text(name), start));
            }
        }
        let value = self.add(Expr::Use(value), start);
        let taken = self.list(&names, 0);
        self.add(Expr::Without { value, taken }, start)
    }

    /// `value[index]`.
    fn nth(&mut self, value: ExprId, index: usize, start: u32) -> ExprId {
        let object = self.add(Expr::Use(value), start);
        let index = self.number(index as f64, start);
        self.add(Expr::Index { object, index }, start)
    }

    /// The key of a property.
    pub(super) fn key(&mut self, key: &PropertyKey<'a>) -> Key {
        match key {
            PropertyKey::StaticIdentifier(id) => Key::Name(self.name(id.name.as_str())),
            PropertyKey::PrivateIdentifier(id) => Key::Name(self.name(id.name.as_str())),
            PropertyKey::StringLiteral(text) => Key::Name(self.name(text.value.as_str())),
            // `{17: f}`: written as the number is read, the key is a name.
            PropertyKey::NumericLiteral(number) => match &number.raw {
                Some(raw) if is_plain_number(raw.as_str()) => Key::Name(self.name(raw.as_str())),
                _ => Key::Computed(self.number(number.value, number.span.start)),
            },
            other => match other.as_expression() {
                Some(expr) => Key::Computed(self.expr(expr)),
                None => Key::Spread,
            },
        }
    }

    pub(super) fn number(&mut self, value: f64, start: u32) -> ExprId {
        let index = self.ir.numbers.len() as u32;
        self.ir.numbers.push(value);
        self.add(Expr::Number(index), start)
    }
}

/// Whether a number is written as JavaScript shows it.
fn is_plain_number(raw: &str) -> bool {
    raw.len() < 16 && raw.bytes().all(|byte| byte.is_ascii_digit()) && (raw == "0" || !raw.starts_with('0'))
}

/// The names that a pattern declares.
pub(super) fn names<'b, 'a>(pattern: &'b BindingPattern<'a>, found: &mut Vec<&'b BindingIdentifier<'a>>) {
    collect(pattern, found, 0);
}

fn collect<'b, 'a>(pattern: &'b BindingPattern<'a>, found: &mut Vec<&'b BindingIdentifier<'a>>, depth: u32) {
    if depth > super::MAX_DEPTH {
        return;
    }
    let depth = depth + 1;
    match pattern {
        BindingPattern::BindingIdentifier(id) => found.push(id),
        BindingPattern::AssignmentPattern(pattern) => collect(&pattern.left, found, depth),
        BindingPattern::ObjectPattern(pattern) => {
            pattern.properties.iter().for_each(|property| collect(&property.value, found, depth));
            pattern.rest.iter().for_each(|rest| collect(&rest.argument, found, depth));
        }
        BindingPattern::ArrayPattern(pattern) => {
            pattern.elements.iter().flatten().for_each(|element| collect(element, found, depth));
            pattern.rest.iter().for_each(|rest| collect(&rest.argument, found, depth));
        }
    }
}
