using System.Reflection;
using System.Text;

namespace NativeBuffers.TestKit;

/// <summary>The public API of an assembly as text. It is recorded in a file, so that a change of it is seen and meant.</summary>
public static class PublicApi
{
    /// <summary>Compares the public API with a record, or writes the record if the variable <c>RECORD_PUBLIC_API</c> is 1.</summary>
    /// <param name="assembly">The library.</param>
    /// <param name="record">The path of the record, from the root of the repository.</param>
    /// <returns>The message of a failed test, or null if both are the same.</returns>
    public static string? FindDifference(Assembly assembly, string record)
    {
        string actual = Describe(assembly);
        if (Environment.GetEnvironmentVariable("RECORD_PUBLIC_API") == "1")
        {
            File.WriteAllText(Repository.Absolute(record), actual);
        }

        return actual == Repository.Read(record)
            ? null
            : $"The public API differs from {record}. If that is meant, run the tests once with RECORD_PUBLIC_API=1. It is now:\n{actual}";
    }

    private static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().Where(static type => !IsOfCompiler(type))
            .OrderBy(static type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(KindOf(type)).Append(' ').Append(NameOf(type)).Append('\n');
            IEnumerable<string> members = type
                .GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
                .Where(IsVisible)
                .Select(DescribeMember)
                .Order(StringComparer.Ordinal);
            foreach (string member in members)
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>True for the nested types in which the compiler notes an extension block. Its members are listed as static methods.</summary>
    private static bool IsOfCompiler(Type type) => type.Name.StartsWith('<') || type.DeclaringType is { } outer && IsOfCompiler(outer);

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly) && !IsAccessor(method),
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(static accessor => accessor.IsPublic || accessor.IsFamily),
        FieldInfo field => field.IsPublic || field.IsFamily,
        _ => false,
    };

    private static bool IsAccessor(MethodBase method) =>
        method.IsSpecialName && (method.Name.StartsWith("get_", StringComparison.Ordinal) || method.Name.StartsWith("set_", StringComparison.Ordinal));

    private static string DescribeMember(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"{Modifiers(constructor)}constructor({Parameters(constructor)})",
        MethodInfo method =>
            $"{Modifiers(method)}{NameOf(method.ReturnType)} {method.Name}{TypeArguments(method.GetGenericArguments())}({Parameters(method)})",
        PropertyInfo property =>
            $"{Modifiers(property.GetAccessors(nonPublic: true)[0])}{NameOf(property.PropertyType)} {property.Name}"
            + (property.GetIndexParameters() is [var index] ? $"[{NameOf(index.ParameterType)}]" : string.Empty)
            + $" {{ {(property.CanRead ? "get; " : string.Empty)}{(property.SetMethod is { IsPublic: true } ? "set; " : string.Empty)}}}",
        FieldInfo field => $"{NameOf(field.FieldType)} {field.Name}",
        _ => member.Name,
    };

    private static string Modifiers(MethodBase method) =>
        (method.IsPublic ? string.Empty : "protected ")
        + (method.IsStatic ? "static " : string.Empty)
        + (method.IsAbstract ? "abstract " : method is { IsVirtual: true, IsFinal: false } ? "virtual " : string.Empty);

    private static string Parameters(MethodBase method) =>
        string.Join(
            ", ",
            method.GetParameters().Select(
                static parameter => $"{NameOf(parameter.ParameterType)} {parameter.Name}"
                    + (parameter.HasDefaultValue ? $" = {parameter.DefaultValue ?? "null"}" : string.Empty)));

    private static string KindOf(Type type) =>
        type.IsByRefLike ? "ref struct"
        : type.IsEnum ? "enum"
        : type.IsValueType ? "struct"
        : type.IsInterface ? "interface"
        : type is { IsAbstract: true, IsSealed: true } ? "static class"
        : type.IsAbstract ? "abstract class"
        : type.IsSealed ? "sealed class"
        : "class";

    private static string NameOf(Type type)
    {
        if (type.IsByRef)
        {
            return $"ref {NameOf(type.GetElementType()!)}";
        }

        if (type.IsPointer)
        {
            return $"{NameOf(type.GetElementType()!)}*";
        }

        if (type.IsFunctionPointer)
        {
            return $"delegate*<{string.Join(", ", type.GetFunctionPointerParameterTypes().Append(type.GetFunctionPointerReturnType()).Select(NameOf))}>";
        }

        string name = type.IsGenericParameter ? type.Name : type.Namespace == "NativeBuffers"
            || type.Namespace == "System" ? type.Name : $"{type.Namespace}.{type.Name}";
        return name.Split('`')[0] + TypeArguments(type.GetGenericArguments());
    }

    private static string TypeArguments(Type[] arguments) =>
        arguments.Length == 0 ? string.Empty : $"<{string.Join(", ", arguments.Select(NameOf))}>";
}
