namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>The statements that may throw in a <c>try</c>: those with a call that is no disposal. An access to an element counts as safe.</summary>
internal static class MayThrow
{
    public static bool At(Statement statement) => statement switch
    {
        Statement.Declare { Value: var value } => HasCall(value),
        Statement.Assign { Value: var value } => HasCall(value),
        Statement.UsingNew { Value: var value } => HasCall(value),
        Statement.Drop or Statement.TryDeclare or Statement.While => true,
        Statement.Act { Deed: Deed.Dispose } => false,
        Statement.Act { Deed: Deed.Touch, On.Kind: not (OwnerKind.Arena or OwnerKind.Scope or OwnerKind.HeapOwner or OwnerKind.Pooled) } => false,
        Statement.Act => true,
        Statement.DeclareView { Value: var value, Target.IsReference: var isReference } => HasCall(value, isReference),
        Statement.AssignView { Value: var value, Target.IsReference: var isReference } => HasCall(value, isReference),
        Statement.ForEach { View: ViewSource.Of of } => Printer.Elements(of).Contains('('),
        Statement.ForEach { View: var value } => HasCall(value, isReference: false),
        Statement.UseView { View.IsReference: false, Form: var form } => form % 2 != 0,
        Statement.SetFlag { Value: null } => true,
        Statement.If { Test: Test.Unknown } => true,
        _ => false,
    };

    private static bool HasCall(Source source) => source is not (Source.Copy or Source.Empty);

    private static bool HasCall(ViewSource source, bool isReference) => source switch
    {
        ViewSource.Of of => Printer.Written(of, isReference).Contains('('),
        ViewSource.From { View.IsReference: false, Form: var form } => !isReference && form % 3 != 0,
        _ => false,
    };
}
