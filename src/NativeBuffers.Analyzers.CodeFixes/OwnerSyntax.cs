using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;
using Microsoft.CodeAnalysis.Simplification;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>The declaration of an owner that replaces an allocation by hand, and of the variable that the code goes on to use.</summary>
internal static class OwnerSyntax
{
    /// <summary>Two statements: the owner, and the old variable as a view of it. Null if there is no owner of that kind.</summary>
    public static StatementSyntax[]? Declare(
        InvocationExpressionSyntax call, LocalDeclarationStatementSyntax declaration, SemanticModel model, SyntaxGenerator generator)
    {
        if (model.GetSymbolInfo(call).Symbol is not IMethodSymbol method || method.ContainingType is not { } type
            || model.GetDeclaredSymbol(declaration.Declaration.Variables[0]) is not ILocalSymbol local)
        {
            return null;
        }

        string name = LocalUses.FreeName(local.Name + "Buffer", declaration);
        var arguments = call.ArgumentList.Arguments;
        switch (local.Type)
        {
            case IArrayTypeSymbol array:
                return
                [
                    Using(name, Create("CreateUninitialized", array.ElementType, arguments[0].Expression, allocator: null, model, generator)),
                    Local(generator.TypeExpression(SpanOf(array.ElementType, model.Compilation)), local.Name, $"{name}.AsSpan()"),
                ];
            case IPointerTypeSymbol pointer when type.Name is "NativeMemory" or "NativeAllocator" or "Marshal":
                bool isZeroed = method.Name is "AllocZeroed" || (type.Name == "NativeAllocator" && method.Name == "Allocate");
                (ITypeSymbol element, ExpressionSyntax count) = Elements(pointer.PointedAtType, call, model, generator);
                string cast = SymbolEqualityComparer.Default.Equals(element, pointer.PointedAtType) ? "" : $"({pointer.ToMinimalDisplayString(model, call.SpanStart)})";
                return
                [
                    Using(name, Create(isZeroed ? "Create" : "CreateUninitialized", element, count, AllocatorOf(call, method, generator, model), model, generator)),
                    Local(generator.TypeExpression(pointer), local.Name, $"{cast}{name}.Pointer"),
                ];
            case { SpecialType: SpecialType.System_IntPtr } when method.Name is "AllocHGlobal" or "AllocCoTaskMem":
                string handle = method.Name == "AllocHGlobal" ? "SafeHGlobalBuffer" : "SafeCoTaskMemBuffer";
                return
                [
                    Using(name, Call(TypeNamed(handle, model, generator), "AllocateUninitialized", arguments[0].Expression)),
                    Local(declaration.Declaration.Type, local.Name, $"{name}.DangerousGetHandle()"),
                ];
            default:
                return null;
        }
    }

    /// <summary>The element type and the count: from <c>n * sizeof(T)</c> or <c>(n, sizeof(T))</c>, otherwise bytes.</summary>
    private static (ITypeSymbol Element, ExpressionSyntax Count) Elements(
        ITypeSymbol pointedAt, InvocationExpressionSyntax call, SemanticModel model, SyntaxGenerator generator)
    {
        SeparatedSyntaxList<ArgumentSyntax> arguments = call.ArgumentList.Arguments;
        ExpressionSyntax size = Strip(arguments[0].Expression);
        if (Names(call) is "Alloc" or "AllocZeroed" && arguments.Count == 2)
        {
            if (IsSizeOf(arguments[1].Expression, pointedAt, model))
            {
                return (pointedAt, AsInt(arguments[0].Expression, model));
            }

            var product = (ExpressionSyntax)generator.MultiplyExpression(arguments[0].Expression, arguments[1].Expression);
            return (model.Compilation.GetSpecialType(SpecialType.System_Byte), Checked(product));
        }

        if (size is BinaryExpressionSyntax { RawKind: (int)SyntaxKind.MultiplyExpression } bytes)
        {
            if (IsSizeOf(bytes.Right, pointedAt, model))
            {
                return (pointedAt, AsInt(bytes.Left, model));
            }

            if (IsSizeOf(bytes.Left, pointedAt, model))
            {
                return (pointedAt, AsInt(bytes.Right, model));
            }
        }

        return (model.Compilation.GetSpecialType(SpecialType.System_Byte), AsInt(arguments[0].Expression, model));
    }

    private static bool IsSizeOf(ExpressionSyntax value, ITypeSymbol type, SemanticModel model)
    {
        ExpressionSyntax size = Strip(value);
        return size is SizeOfExpressionSyntax of
            ? SymbolEqualityComparer.Default.Equals(model.GetTypeInfo(of.Type).Type, type)
            : model.GetConstantValue(size) is { HasValue: true, Value: int bytes } && bytes == SizeOf(type);
    }

    private static int SizeOf(ITypeSymbol type) => type.SpecialType switch
    {
        SpecialType.System_Byte or SpecialType.System_SByte => 1,
        SpecialType.System_Int16 or SpecialType.System_UInt16 or SpecialType.System_Char => 2,
        SpecialType.System_Int32 or SpecialType.System_UInt32 or SpecialType.System_Single => 4,
        SpecialType.System_Int64 or SpecialType.System_UInt64 or SpecialType.System_Double => 8,
        _ => 0,
    };

    /// <summary>A count of elements, of type <c>int</c>: a conversion from <c>int</c> goes, and any other type is converted with a check.</summary>
    private static ExpressionSyntax AsInt(ExpressionSyntax count, SemanticModel model)
    {
        ExpressionSyntax stripped = Strip(count);
        return model.GetTypeInfo(stripped).Type?.SpecialType is SpecialType.System_Int32 or SpecialType.System_Int16 or SpecialType.System_Byte
            or SpecialType.System_SByte or SpecialType.System_UInt16
            ? stripped.WithoutTrivia()
            : Checked(count);
    }

    private static CheckedExpressionSyntax Checked(ExpressionSyntax value)
    {
        ExpressionSyntax operand = value is IdentifierNameSyntax or LiteralExpressionSyntax or InvocationExpressionSyntax
            ? value.WithoutTrivia()
            : SyntaxFactory.ParenthesizedExpression(value.WithoutTrivia());
        return SyntaxFactory.CheckedExpression(SyntaxKind.CheckedExpression, SyntaxFactory.CastExpression(SyntaxFactory.ParseTypeName("int"), operand));
    }

    private static ExpressionSyntax? AllocatorOf(InvocationExpressionSyntax call, IMethodSymbol method, SyntaxGenerator generator, SemanticModel model) =>
        method.ContainingType.Name == "NativeAllocator" && call.Expression is MemberAccessExpressionSyntax access ? access.Expression.WithoutTrivia()
        : method.Name == "AlignedAlloc" ? Call(TypeNamed("NativeAllocator", model, generator), "Aligned", AsInt(call.ArgumentList.Arguments[1].Expression, model))
        : null;

    private static ExpressionSyntax Create(
        string method, ITypeSymbol element, ExpressionSyntax count, ExpressionSyntax? allocator, SemanticModel model, SyntaxGenerator generator)
    {
        var name = (SimpleNameSyntax)generator.GenericName(method, element);
        var target = (ExpressionSyntax)generator.MemberAccessExpression(TypeNamed("NativeBuffer", model, generator), name);
        return (ExpressionSyntax)(allocator is null
            ? generator.InvocationExpression(target, count.WithoutTrivia())
            : generator.InvocationExpression(target, count.WithoutTrivia(), allocator));
    }

    private static InvocationExpressionSyntax Call(SyntaxNode type, string method, ExpressionSyntax argument) =>
        SyntaxFactory.InvocationExpression(
            SyntaxFactory.MemberAccessExpression(SyntaxKind.SimpleMemberAccessExpression, (ExpressionSyntax)type, SyntaxFactory.IdentifierName(method)),
            SyntaxFactory.ArgumentList(SyntaxFactory.SingletonSeparatedList(SyntaxFactory.Argument(argument.WithoutTrivia()))));

    private static SyntaxNode TypeNamed(string name, SemanticModel model, SyntaxGenerator generator) =>
        generator.TypeExpression(model.Compilation.GetTypeByMetadataName($"NativeBuffers.{name}")!).WithAdditionalAnnotations(Simplifier.AddImportsAnnotation);

    private static INamedTypeSymbol SpanOf(ITypeSymbol element, Compilation compilation) =>
        compilation.GetTypeByMetadataName("System.Span`1")!.Construct(element);

    private static LocalDeclarationStatementSyntax Using(string name, ExpressionSyntax value) =>
        SyntaxFactory.LocalDeclarationStatement(
            SyntaxFactory.VariableDeclaration(SyntaxFactory.IdentifierName("var"), SyntaxFactory.SingletonSeparatedList(
                SyntaxFactory.VariableDeclarator(SyntaxFactory.Identifier(name), null, SyntaxFactory.EqualsValueClause(value)))))
            .WithUsingKeyword(SyntaxFactory.Token(SyntaxKind.UsingKeyword))
            .NormalizeWhitespace()
            .WithTrailingTrivia(SyntaxFactory.ElasticLineFeed);

    private static LocalDeclarationStatementSyntax Local(SyntaxNode type, string name, string value) =>
        SyntaxFactory.LocalDeclarationStatement(
            SyntaxFactory.VariableDeclaration((TypeSyntax)type.WithoutTrivia(), SyntaxFactory.SingletonSeparatedList(
                SyntaxFactory.VariableDeclarator(SyntaxFactory.Identifier(name), null, SyntaxFactory.EqualsValueClause(SyntaxFactory.ParseExpression(value))))))
            .NormalizeWhitespace()
            .WithTrailingTrivia(SyntaxFactory.ElasticLineFeed);

    private static string? Names(InvocationExpressionSyntax call) =>
        call.Expression is MemberAccessExpressionSyntax access ? access.Name.Identifier.Text : (call.Expression as IdentifierNameSyntax)?.Identifier.Text;

    private static ExpressionSyntax Strip(ExpressionSyntax value) => value switch
    {
        CastExpressionSyntax cast => Strip(cast.Expression),
        ParenthesizedExpressionSyntax parenthesized => Strip(parenthesized.Expression),
        CheckedExpressionSyntax { RawKind: (int)SyntaxKind.CheckedExpression } isChecked => Strip(isChecked.Expression),
        _ => value,
    };
}
