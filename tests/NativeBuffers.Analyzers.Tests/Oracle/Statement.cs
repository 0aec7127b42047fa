namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>A statement of a program of the oracle. Each object is one statement, on one line.</summary>
internal abstract class Statement
{
    private Statement()
    {
    }

    /// <summary>Its statements within, in the order in which they are printed.</summary>
    public virtual IReadOnlyList<List<Statement>> Bodies => [];

    /// <summary><c>var v = source;</c>, perhaps with <c>using</c>.</summary>
    public sealed class Declare(OwnerVariable target, Source value) : Statement
    {
        public OwnerVariable Target { get; } = target;

        public Source Value { get; } = value;
    }

    /// <summary><c>if (!NativeBuffer.TryCreate(…, out var v)) return;</c></summary>
    public sealed class TryDeclare(OwnerVariable target) : Statement
    {
        public OwnerVariable Target { get; } = target;
    }

    public sealed class Assign(OwnerVariable target, Source value) : Statement
    {
        public OwnerVariable Target { get; } = target;

        public Source Value { get; } = value;
    }

    /// <summary>An owner that no variable gets.</summary>
    public sealed class Drop(Source value) : Statement
    {
        public Source Value { get; } = value;
    }

    public sealed class Act(OwnerVariable on, Deed deed) : Statement
    {
        public OwnerVariable On { get; } = on;

        public Deed Deed { get; } = deed;
    }

    public sealed class DeclareView(ViewVariable target, ViewSource value) : Statement
    {
        public ViewVariable Target { get; } = target;

        public ViewSource Value { get; } = value;
    }

    public sealed class AssignView(ViewVariable target, ViewSource value) : Statement
    {
        public ViewVariable Target { get; } = target;

        public ViewSource Value { get; } = value;
    }

    public sealed class UseView(ViewVariable view, int form) : Statement
    {
        public ViewVariable View { get; } = view;

        public int Form { get; } = form;
    }

    public sealed class If(Test test, OwnerVariable? asked, bool hasElse) : Statement
    {
        public Test Test { get; } = test;

        /// <summary>The variable whose <c>IsDisposed</c> is tested.</summary>
        public OwnerVariable? Asked { get; } = asked;

        public List<Statement> Then { get; } = [];

        public List<Statement>? Else { get; } = hasElse ? [] : null;

        public override IReadOnlyList<List<Statement>> Bodies => Else is null ? [Then] : [Then, Else];
    }

    public sealed class While : Statement
    {
        public List<Statement> Body { get; } = [];

        public override IReadOnlyList<List<Statement>> Bodies => [Body];
    }

    /// <summary><c>foreach (ref int x in view)</c></summary>
    public sealed class ForEach(ViewSource view) : Statement
    {
        public ViewSource View { get; } = view;

        public List<Statement> Body { get; } = [];

        public override IReadOnlyList<List<Statement>> Bodies => [Body];
    }

    /// <summary><c>using (var v = source) { }</c></summary>
    public sealed class UsingNew(OwnerVariable target, Source value) : Statement
    {
        public OwnerVariable Target { get; } = target;

        public Source Value { get; } = value;

        public List<Statement> Body { get; } = [];

        public override IReadOnlyList<List<Statement>> Bodies => [Body];
    }

    /// <summary><c>using (v) { }</c>: the statement disposes a copy of a struct.</summary>
    public sealed class UsingOld(OwnerVariable on) : Statement
    {
        public OwnerVariable On { get; } = on;

        public List<Statement> Body { get; } = [];

        public override IReadOnlyList<List<Statement>> Bodies => [Body];
    }

    /// <summary><c>try { } finally { v.Dispose(); }</c></summary>
    public sealed class TryFinally(OwnerVariable on) : Statement
    {
        public OwnerVariable On { get; } = on;

        public List<Statement> Body { get; } = [];

        /// <summary>The disposal, a statement with a line of its own.</summary>
        public Act Disposal { get; } = new(on, Deed.Dispose);

        public override IReadOnlyList<List<Statement>> Bodies => [Body];
    }

    /// <summary><c>try { } catch { }</c></summary>
    public sealed class TryCatch : Statement
    {
        public List<Statement> Body { get; } = [];

        public List<Statement> Handler { get; } = [];

        public override IReadOnlyList<List<Statement>> Bodies => [Body, Handler];
    }

    /// <summary>The local variable <c>f</c> of type <c>bool</c> gets a value: a constant, or one that no analysis knows.</summary>
    public sealed class SetFlag(bool? value) : Statement
    {
        public bool? Value { get; } = value;
    }

    public sealed class Break : Statement;

    public sealed class Throw : Statement;

    /// <summary><c>return;</c>, or <c>return v;</c> of a method that returns a buffer.</summary>
    public sealed class Return(OwnerVariable? value) : Statement
    {
        public OwnerVariable? Value { get; } = value;
    }
}

/// <summary>The condition of a branch.</summary>
internal enum Test
{
    /// <summary>A call whose result no analysis knows.</summary>
    Unknown,

    /// <summary>The method's parameter of type <c>bool</c>, which never changes.</summary>
    Parameter,
    NotParameter,

    /// <summary>The local variable of <see cref="Statement.SetFlag"/>.</summary>
    Flag,
    NotFlag,
    IsDisposed,
    IsNotDisposed,
}

/// <summary>The uses of an owner in a statement of their own.</summary>
internal enum Deed
{
    Dispose,

    /// <summary>A member that may move the memory: <c>Resize</c>, <c>Add</c>.</summary>
    Grow,

    /// <summary>An element is written, or memory taken from an arena.</summary>
    Touch,

    /// <summary>A member that works on all elements.</summary>
    Clear,
    PassAsSpan,
    PassIn,
    PassRef,
    PassByValue,

    /// <summary>The result of <c>Move</c> goes to a method that takes it.</summary>
    PassMoved,

    /// <summary>A private method, whose body the rules read, gets the owner by <c>ref</c> and disposes it.</summary>
    EndInside,

    /// <summary>The same, and the method makes the variable an owner again.</summary>
    RenewInside,

    /// <summary>A private method gets it by <c>in</c>.</summary>
    ReadInside,

    /// <summary>A method without attributes gets an owner on the heap: it may keep it.</summary>
    Share,

    /// <summary>A method with <c>[BorrowsOwnership]</c> gets an owner on the heap.</summary>
    Lend,

    /// <summary>A method with <c>[TakesOwnership]</c> gets an owner on the heap.</summary>
    Give,

    /// <summary><c>b[0] = F(ref b)</c>: C# takes the reference to the element before the call, and stores through it after the call.</summary>
    StoreGrown,

    /// <summary><c>Show(b.AsSpan(), F(ref b))</c>: the span is older than the call, too.</summary>
    PassGrown,
}

/// <summary>A method: its statements, its parameter and its result.</summary>
internal sealed class OracleProgram
{
    public List<Statement> Body { get; init; } = [];

    /// <summary>An <c>in</c> parameter; null if the method has none.</summary>
    public OwnerVariable? Parameter { get; init; }

    public bool ReturnsBuffer { get; init; }

    public IEnumerable<Statement> Statements => Flatten(Body);

    private static IEnumerable<Statement> Flatten(List<Statement> block) =>
        block.SelectMany(static statement => statement.Bodies.SelectMany(Flatten).Prepend(statement));
}
