using System.Text;

namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>Prints programs as C#, each statement on a line of its own, and remembers the lines.</summary>
internal sealed class Printer
{
    /// <summary>The methods that programs call. They are in an assembly of their own: an analyzer sees their signatures only.</summary>
    public const string Helpers = """
        using System;
        using NativeBuffers;

        public static class H
        {
            private static int s_count;

            public static bool Opaque() => (++s_count & 1) == 0;

            public static void Show(scoped ReadOnlySpan<int> span) => s_count += span.Length;

            public static void Show(scoped ReadOnlySpan<int> span, int more) => s_count += span.Length + more;

            public static int Grown(ref NativeBuffer<int> buffer)
            {
                buffer.Resize(8);
                return 1;
            }

            public static int Grown(ref ScratchList<int> list)
            {
                list.Add(1);
                return 1;
            }

            public static Span<int> Part(Span<int> span) => span[1..];

            public static NativeBuffer<int> Make() => NativeBuffer.Create<int>(4);

            public static void Make(out NativeBuffer<int> buffer) => buffer = NativeBuffer.Create<int>(4);

            public static void Read(in NativeBuffer<int> buffer) => s_count += buffer.Length;

            public static void Change(ref NativeBuffer<int> buffer) => buffer.Resize(8);

            public static void Take(NativeBuffer<int> buffer) => buffer.Dispose();

            public static void Read(in ScratchList<int> list) => s_count += list.Count;

            public static void Change(ref ScratchList<int> list) => list.Add(1);

            public static void Take(ScratchList<int> list) => list.Dispose();

            public static void Read(in NativeArena arena) => arena.Allocate<int>(1);

            public static void Take(NativeArena arena) => arena.Dispose();

            public static void Read(in Borrow<int> borrow) => s_count += (int)borrow.Length;

            public static void Take(Borrow<int> borrow) => borrow.Dispose();

            public static void Share(object owner) => s_count += owner.GetHashCode();

            public static void Lend([BorrowsOwnership] NativeMemoryOwner<int> owner) => s_count += (int)owner.Length;

            public static void Give([TakesOwnership] NativeMemoryOwner<int> owner) => owner.Dispose();

            public static void Lend([BorrowsOwnership] NativeList<int> owner) => s_count += owner.Count;

            public static void Give([TakesOwnership] NativeList<int> owner) => owner.Dispose();
        }
        """;

    private const string Head = """
        using System;
        using NativeBuffers;

        public static class Programs
        {
            private static void End(ref NativeBuffer<int> buffer) => buffer.Dispose();

            private static void Renew(ref NativeBuffer<int> buffer)
            {
                buffer.Dispose();
                buffer = NativeBuffer.Create<int>(4);
            }

            private static int First(in NativeBuffer<int> buffer) => buffer[0];

        """;

    private readonly StringBuilder _text = new(Head);
    private readonly Dictionary<Statement, int> _lines = [];
    private int _line = Head.Count(static character => character == '\n') + 1;
    private string _return = "return;";

    /// <summary>The file so far.</summary>
    public string Text => $"{_text}}}\n";

    /// <summary>The line of each statement, from 1.</summary>
    public IReadOnlyDictionary<Statement, int> Lines => _lines;

    public int NextLine => _line;

    public static string PrintOne(OracleProgram program)
    {
        var printer = new Printer();
        printer.Print(program, "Program");
        return printer.Text;
    }

    public void Print(OracleProgram program, string name)
    {
        string type = program.ReturnsBuffer ? "NativeBuffer<int>" : "void";
        string parameter = program.Parameter is { } found ? $", in {found.Kind.TypeName} {found.Name}" : "";
        _return = program.ReturnsBuffer ? "return default;" : "return;";
        Line(1, $"public static {type} {name}(bool c, bool f{parameter})");
        Block(1, program.Body);
    }

    private static string Written(Source source) => source switch
    {
        Source.Create create => (create.Kind, create.Form % 4) switch
        {
            (OwnerKind.Buffer, 0) => "NativeBuffer.CreateUninitialized<int>(4)",
            (OwnerKind.Buffer, 1) => "NativeBuffer.CreateFrom<int>([1, 2, 3, 4])",
            (OwnerKind.Buffer, 2) => "H.Make()",
            (OwnerKind.Buffer, _) => "NativeBuffer.Create<int>(4)",
            (OwnerKind.ScratchList, 0) => "new ScratchList<int>(stackalloc int[4])",
            (OwnerKind.ScratchList, _) => "new ScratchList<int>(default)",
            (OwnerKind.Arena, _) => "NativeArena.Create()",
            (OwnerKind.HeapOwner, 0) => "NativeMemoryOwner<int>.CreateFrom([1, 2, 3, 4])",
            (OwnerKind.HeapOwner, _) => "NativeMemoryOwner<int>.Create(4)",
            (OwnerKind.HeapList, _) => "new NativeList<int>()",
            _ => "NativeMemoryPool<int>.Shared.RentBuffer(4)",
        },
        Source.Copy copy => copy.From.Name,
        Source.Move move => $"{move.From.Name}.Move()",
        Source.ToOwner owner => $"{owner.From.Name}.ToOwner()",
        Source.Part part => part.Of.Kind is OwnerKind.Arena or OwnerKind.Scope ? $"{part.Of.Name}.BeginScope()" : $"{part.Of.Name}.Borrow()",
        Source.Either either => $"H.Opaque() ? {Written(either.First)} : {Written(either.Second)}",
        _ => "default",
    };

    public static string Written(ViewSource source, bool isReference) => source switch
    {
        ViewSource.Of of when isReference => of.Owner.Kind switch
        {
            OwnerKind.Arena or OwnerKind.Scope => $"ref {of.Owner.Name}.New(1)",
            OwnerKind.Buffer or OwnerKind.ScratchList or OwnerKind.Borrow when of.Form % 3 != 0 => $"ref {of.Owner.Name}[0]",
            _ => $"ref {SpanOf(of.Owner, 2)}[0]",
        },
        ViewSource.Of of => SpanOf(of.Owner, of.Form),
        ViewSource.From from when isReference => from.View.IsReference ? $"ref {from.View.Name}" : $"ref {from.View.Name}[0]",
        ViewSource.From from => (from.Form % 3) switch
        {
            0 => from.View.Name,
            1 => $"{from.View.Name}.Slice(1)",
            _ => $"H.Part({from.View.Name})",
        },
        _ => "default",
    };

    /// <summary>Written out: <c>foreach</c> converts no owner.</summary>
    public static string Elements(ViewSource source) => source is ViewSource.Of { Owner: var owner } ? SpanOf(owner, 2) : Written(source, isReference: false);

    private static string SpanOf(OwnerVariable owner, int form) => (owner.Kind, form % 3) switch
    {
        (OwnerKind.Buffer, 0) => $"{owner.Name}.AsSpan(1)",
        (OwnerKind.Buffer, 1) => owner.Name,
        (OwnerKind.Arena or OwnerKind.Scope, 0) => $"{owner.Name}.AllocateUninitialized<int>(4)",
        (OwnerKind.Arena or OwnerKind.Scope, _) => $"{owner.Name}.Allocate<int>(4)",
        (OwnerKind.Borrow, 0) => $"{owner.Name}.AsSpan(0, 2)",
        (OwnerKind.Borrow, _) => $"{owner.Name}.Span",
        (OwnerKind.HeapOwner, 0) => $"{owner.Name}.Memory.Span",
        (OwnerKind.HeapOwner, _) => $"{owner.Name}.GetSpan()",
        _ => $"{owner.Name}.AsSpan()",
    };

    private static string Written(Statement.Act act)
    {
        string name = act.On.Name;
        OwnerKind kind = act.On.Kind;
        return act.Deed switch
        {
            Deed.Dispose => $"{name}.Dispose();",
            Deed.Grow => kind is OwnerKind.ScratchList or OwnerKind.HeapList ? $"{name}.Add(1);" : $"{name}.Resize(8);",
            Deed.Touch => kind switch
            {
                OwnerKind.Arena or OwnerKind.Scope => $"{name}.Allocate<int>(1)[0] = 1;",
                OwnerKind.HeapOwner or OwnerKind.Pooled => $"{SpanOf(act.On, 2)}[0] = 1;",
                _ => $"{name}[0] = 1;",
            },
            Deed.Clear => $"{name}.Clear();",
            Deed.PassAsSpan => $"H.Show({SpanOf(act.On, 2)});",
            Deed.PassIn => $"H.Read(in {name});",
            Deed.PassRef => $"H.Change(ref {name});",
            Deed.PassByValue => $"H.Take({name});",
            Deed.StoreGrown => $"{name}[0] = H.Grown(ref {name});",
            Deed.PassGrown => $"H.Show({name}.AsSpan(), H.Grown(ref {name}));",
            Deed.EndInside => $"End(ref {name});",
            Deed.RenewInside => $"Renew(ref {name});",
            Deed.ReadInside => $"First({name});",
            Deed.Share => $"H.Share({name});",
            Deed.Lend => $"H.Lend({name});",
            Deed.Give => $"H.Give({name});",
            _ => $"H.Take({name}.Move());",
        };
    }

    private static string Written(Statement.If branch) => branch.Test switch
    {
        Test.Parameter => "c",
        Test.NotParameter => "!c",
        Test.Flag => "f",
        Test.NotFlag => "!f",
        Test.IsDisposed => $"{branch.Asked!.Name}.IsDisposed",
        Test.IsNotDisposed => $"!{branch.Asked!.Name}.IsDisposed",
        _ => "H.Opaque()",
    };

    private void Block(int depth, List<Statement> statements)
    {
        Line(depth, "{");
        foreach (Statement statement in statements)
        {
            Print(depth + 1, statement);
        }

        Line(depth, "}");
    }

    private void Print(int depth, Statement statement)
    {
        _lines[statement] = _line;
        Line(depth, HeadOf(statement));
        foreach ((int index, List<Statement> body) in statement.Bodies.Index())
        {
            if (index == 1)
            {
                Line(depth, statement is Statement.TryCatch ? "catch" : "else");
            }

            Block(depth, body);
        }

        if (statement is Statement.TryFinally { Disposal: { } disposal })
        {
            Line(depth, "finally");
            Block(depth, [disposal]);
        }
    }

    private string HeadOf(Statement statement) => statement switch
    {
        Statement.Declare declare => $"{(declare.Target.IsUsing ? "using " : "")}{declare.Target.Kind.TypeName} {declare.Target.Name} = {Written(declare.Value)};",
        Statement.TryDeclare declare => $"if (!NativeBuffer.TryCreate<int>(4, out NativeBuffer<int> {declare.Target.Name})) {_return}",
        Statement.Assign assign => $"{assign.Target.Name} = {Written(assign.Value)};",
        Statement.Drop { Value: Source.Create { Kind: OwnerKind.Buffer, Form: 1 } create } => $"H.Show({Written(create)});",
        Statement.Drop drop => drop.Value is Source.Move ? $"{Written(drop.Value)};" : $"_ = {Written(drop.Value)};",
        Statement.Act act => Written(act),
        Statement.DeclareView { Value: ViewSource.Empty } declare => $"scoped Span<int> {declare.Target.Name} = default;",
        Statement.DeclareView declare =>
            $"{(declare.Target.IsReference ? "ref int" : "Span<int>")} {declare.Target.Name} = {Written(declare.Value, declare.Target.IsReference)};",
        Statement.AssignView assign => $"{assign.Target.Name} = {Written(assign.Value, assign.Target.IsReference)};",
        Statement.UseView use => use.View.IsReference
            ? $"{use.View.Name} = 1;"
            : use.Form % 2 == 0 ? $"{use.View.Name}[0] = 1;" : $"H.Show({use.View.Name});",
        Statement.If branch => $"if ({Written(branch)})",
        Statement.SetFlag set => $"f = {set.Value switch { true => "true", false => "false", _ => "H.Opaque()" }};",
        Statement.While => "while (H.Opaque())",
        Statement.ForEach loop => $"foreach (ref int x{_line} in {Elements(loop.View)})",
        Statement.UsingNew use => $"using ({use.Target.Kind.TypeName} {use.Target.Name} = {Written(use.Value)})",
        Statement.UsingOld use => $"using ({use.On.Name})",
        Statement.TryFinally or Statement.TryCatch => "try",
        Statement.Break => "break;",
        Statement.Throw => "throw new InvalidOperationException();",
        Statement.Return { Value: { } value } => $"return {value.Name};",
        _ => _return,
    };

    private void Line(int depth, string text)
    {
        _text.Append(' ', 4 * depth).Append(text).Append('\n');
        _line++;
    }
}
